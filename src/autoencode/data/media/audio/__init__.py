r"""Sounds in files and folders.

- `formats`: suffixes of sounds, and the packages that read and write them
- `decoding`: the samples of a file, within full scale
- `faults`: sounds that are truncated, silent, clipped or too short
- `notes`: log lines and errors about files of sounds
- `files`: complete sounds, read from files and written to them
- `folders`: folders of sounds as waveforms in an array
- `blocks`: long recordings in parts
"""
