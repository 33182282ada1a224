r"""Recordings.

- `waveforms`: types and layouts of waveforms in memory
- `lengths`: the length of examples, chosen by the lengths of recordings
- `spectra`: representations that networks see, and their inverses
- `sounds`: `Sounds`, the modality
"""
