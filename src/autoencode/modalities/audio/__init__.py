r"""Recordings.

- `waveforms`: types and layouts of waveforms in memory
- `lengths`: the length of examples, chosen by the lengths of recordings
- `recordings`: recordings in files, as windows
- `faults`, `damage`: sounds that are silent or clipped; corruptions of waveforms
- `spectra`, `moments`: representations that networks see; their mean and spread
- `sounds`: `Sounds`, the modality
"""
