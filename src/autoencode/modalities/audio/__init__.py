r"""Recordings.

- `waveforms`: types and layouts of waveforms in memory
- `spectra`: representations that networks see, and their inverses
- `sounds`: `Sounds`, the modality
"""
