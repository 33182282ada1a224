r"""Recordings.

- `waveforms`: types and layouts of waveforms in memory
- `lengths`: the length of examples, by those of recordings
- `spectra`: representations that networks see, and their inverses
- `sounds`: `Sounds`, the modality
"""
