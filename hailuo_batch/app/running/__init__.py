"""What a run needs: its scope, drivers and context, made before the first submit."""
