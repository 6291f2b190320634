"""For the modules of kubernetes.core: authorities without key identifiers count, as they do for kubectl.

Python 3.13 is strict by default, and the client that kubernetes.core uses has no option for it. The authorities of EKS,
of older GKE and many private ones lack these identifiers. Chain, dates and name are checked as ever.
"""

import ssl

vars(ssl)["VERIFY_X509_STRICT"] = ssl.VerifyFlags(0)
