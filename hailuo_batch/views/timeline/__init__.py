"""A timeline as files of editing programs: OpenTimelineIO, EDL, FCPXML, FCP 7 XML and ALE."""
