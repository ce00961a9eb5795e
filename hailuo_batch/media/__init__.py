"""Pictures and video: probing, frames, and the drawing of animatics. PyAV and Pillow live here."""
