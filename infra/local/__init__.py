"""The stack of template.yaml on this machine: no cloud account, no container engine, loopback only.

    python -m infra.local up|submit PHOTO|down|demo [PHOTO] [MOTION]

moto answers the AWS APIs, the handlers run under Lambda's own runtime client, the Batch job is the job definition's
command as a subprocess. What moto lacks or gets wrong is corrected in ``patches``, each with a contract test.
Imports nothing of vivify: the template, the handlers and the job are run as a stranger would run them.
A green run here says nothing of IAM, KMS policies, alarms or networks: template rules test those.
"""
