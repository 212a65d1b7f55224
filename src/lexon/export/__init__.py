"""A trained classifier with everything before it, from four-vectors in GeV and rad to class
probabilities, for other software: ONNX.
"""
