r"""Basic tools: every other folder may use them, and they use no other folder.

- `configurable`: objects whose constructor arguments are their whole configuration
- `checks`: types and ranges of arguments and attributes
- `schedules`: weights that change during a training
- `seeding`: random draws that leave the caller's random state untouched
- `threads`: how idle threads wait
- `batching`: the memory budget and batches that fit into it; data that stay in files
- `arrays`: tensors as arrays and back, and evenly spaced rows of both
- `estimates`: an estimate with its standard error
- `progress`: a bar for long work in a terminal
- `failures`: `FitWarning`, the texts of warnings about visible failures, and filters of warnings
- `visible_text`: text of the data in pictures and on pages
- `locks`: locks between processes and threads
- `atomic_files`: files that are written whole or not at all
- `container`: one file with a JSON document, tensors and a digest
"""
