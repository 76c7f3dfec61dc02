"""What a mail server does with the message that follows DATA."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import BinaryIO


def read_message(stream: BinaryIO) -> EmailMessage:
    """Read up to the line that is a single dot, and undo dot-stuffing (RFC 5321, section 4.5.2).

    The lines of a message depend on the lengths of the paths in it: an encoded line may begin with
    a dot, which the client doubles.
    """
    lines = []
    while (line := stream.readline()) not in (b".\r\n", b""):
        lines.append(line.removeprefix(b"."))
    return message_from_bytes(b"".join(lines), policy=policy.default)
