"""What all tests of this room stand on; because this file is here, those below find `yaml_samples` too."""

from load_fixtures import slow_parser

__all__ = ["slow_parser"]
