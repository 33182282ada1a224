r"""Recordings.

- `waveforms`: types and layouts of waveforms in memory
- `lengths`: the length of examples, chosen by the lengths of recordings
- `recordings`, `files`: recordings in files, as windows; reading and writing
- `faults`, `damage`: sounds that are silent or clipped; corruptions of waveforms
- `spectra`, `log_mel`: representations that networks see; `moments`, their mean and spread
- `stft`, `phases`: short-time Fourier transforms, and phases that belong to magnitudes
- `exported`: waveforms as the input and output of exported models
- `sounds`: `Sounds`, the modality
"""
