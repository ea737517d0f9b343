"""The account in which tests hand over is the server's emulator."""

from tests.server.conftest import emulated, emulator

__all__ = ["emulated", "emulator"]
