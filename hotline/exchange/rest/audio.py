"""The sound of a recording: a soft tone as WAV, or silence as MP3, as long as the recording is."""

import math
import struct
from collections.abc import Iterator

SAMPLES_A_SECOND = 8000
_BYTES_A_SAMPLE = 2
_HERTZ, _LOUDNESS = 440, 2000


def wave_bytes(seconds: int, channels: int = 1) -> int:
    """Return how many bytes ``wave_file`` has in all."""
    return 44 + seconds * SAMPLES_A_SECOND * channels * _BYTES_A_SAMPLE


def wave_file(seconds: int, channels: int = 1) -> Iterator[bytes]:
    """Yield a WAV file (8 kHz, 16 bits), second by second: hours of it never are in memory at once."""
    rate = SAMPLES_A_SECOND * channels * _BYTES_A_SAMPLE
    size = seconds * rate
    yield struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE")
    sample_bytes = channels * _BYTES_A_SAMPLE
    about = (16, 1, channels, SAMPLES_A_SECOND, rate, sample_bytes, 8 * _BYTES_A_SAMPLE)
    yield struct.pack("<4sIHHIIHH4sI", b"fmt ", *about, b"data", size)
    angle = 2 * math.pi * _HERTZ / SAMPLES_A_SECOND
    samples = (round(_LOUDNESS * math.sin(angle * at)) for at in range(SAMPLES_A_SECOND))
    second = b"".join(struct.pack("<h", sample) * channels for sample in samples)
    for _ in range(seconds):
        yield second


#: One frame of silence (MPEG 2.5 layer III, 8 kHz, 8 kbit/s, mono): a header, and zeros for "no sound".
_FRAME = b"\xff\xe3\x18\xc0".ljust(72, b"\0")
_FRAME_SAMPLES = 576


def mp3_file(seconds: int) -> bytes:
    """Return an MP3 file of silence, which takes a kilobyte a second."""
    return _FRAME * round(seconds * SAMPLES_A_SECOND / _FRAME_SAMPLES)
