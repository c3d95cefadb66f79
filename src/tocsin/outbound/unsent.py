"""How much of what was written to a socket has not reached the other side. Only Linux tells."""

import struct
import sys

if sys.platform == "linux":
    import fcntl
    import termios

    def count_unacknowledged(descriptor: int) -> int:
        """Bytes that the peer has not acknowledged (SIOCOUTQ, tcp(7)); 0 where that is not known."""
        try:
            answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, struct.pack("i", 0))
        except OSError:
            return 0
        return int(struct.unpack("i", answer)[0])

else:

    def count_unacknowledged(descriptor: int) -> int:
        """Bytes that the peer has not acknowledged; 0 where that is not known."""
        del descriptor
        return 0
