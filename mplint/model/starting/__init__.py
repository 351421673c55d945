"""How processes begin: imports, guards, start methods, forks, event loops."""
