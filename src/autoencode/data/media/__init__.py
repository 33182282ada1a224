r"""Images, sounds and texts in files and folders.

- `opening`: images that Pillow opens, after a check of their size
- `depths`, `deep_png`, `images`: gray levels of all depths; deep PNG files; folders of images
- `image_plans`: a common size, mode and range of levels for all images of a folder
- `photographs`: photographs in their own size
- `audio/`: recordings
- `text/`: lines, records and columns of text
- `folder_kinds`: folders with files of several kinds
"""
