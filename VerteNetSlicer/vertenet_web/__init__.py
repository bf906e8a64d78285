"""``vertenet view``: the reading of VerteNetSlicerLib in a browser, on Slicer's own components.

One process listens (:mod:`.server`) and starts a process for each reader
(:mod:`.child`), which has a scene, a slice view and a page of its own.
"""
