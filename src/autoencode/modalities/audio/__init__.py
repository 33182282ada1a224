r"""Recordings.

- `waveforms`: types and layouts of waveforms in memory
- `lengths`: the length of examples, chosen by the lengths of recordings
- `recordings`: recordings in files, as windows
- `faults`, `damage`: sounds that are silent or clipped; corruptions of waveforms
- `spectra`, `log_mel`: representations that networks see; `moments`, their mean and spread
- `stft`, `phases`: short-time Fourier transforms, and phases that belong to magnitudes
- `sounds`: `Sounds`, the modality
"""
