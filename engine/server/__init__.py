"""The HealthLake endpoint: AWS JSON 1.0 over the job store.

HTTP -> asgi | wsgi -> Application -> Endpoint (signature, throttle, shapes, operations) -> JobStore
-> JobRunner
                                   -> JobPages, Metrics
"""
