"""The number of bytes written to a socket that the peer has not received. Linux only."""

import struct
import sys

if sys.platform == "linux":
    import fcntl
    import termios

    def count_unacknowledged_bytes(descriptor: int) -> int:
        """Return the bytes that the peer has not acknowledged (SIOCOUTQ, tcp(7)); 0 where that is unknown."""
        try:
            answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, struct.pack("i", 0))
        except OSError:
            return 0
        return int(struct.unpack("i", answer)[0])

else:

    def count_unacknowledged_bytes(descriptor: int) -> int:
        """Return 0: this system does not know."""
        del descriptor
        return 0
