"""The service's only door to AWS: every boto3 call of Vivify is in this room.

It knows nothing of photos: no ONNX Runtime, no OpenCV, no engine rooms. What AWS refuses comes out as
``vivify.errors.CloudError``; what AWS could not answer just now as ``vivify.errors.CloudUnavailable``.
"""
