"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: platform_programs
short_description: Compile programs of the platform from Go modules
description:
  - Compiles each part once, with a Go compiler that is fetched for it, and keeps its programs below C(programs/) in O(cache_dir).
  - Versions and checksums are those of go.mod and go.sum. Modules come from the caller's own proxy (C(GOPROXY) and its company).
  - What is cut off goes on where it was. Sources, compiler and whatever else was needed are removed once all programs are whole.
options:
  cache_dir:
    description: Where programs, logs (C(log/)) and, while it compiles, sources are kept.
    type: path
    required: true
  archive:
    description: A file of programs that another machine has compiled, with its checksum beside it (.sha256); what fits is taken from it.
    type: str
    default: ""
  toolchain:
    description: A locked list of requirements, with hashes, that names the Python package with the Go compiler.
    type: path
    required: true
  parts:
    description: What to compile.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name, and that of its folder below C(programs/).
        type: str
        required: true
      folder:
        description: The Go module, with go.mod and go.sum. Its main.go is compiled, or else the tools that go.mod names.
        type: path
        required: true
      links:
        description: Further names of its programs, name → program.
        type: dict
        default: {}
      files:
        description: Folders whose files are kept beside the programs as they are, module → folder in its source.
        type: dict
        default: {}
      ldflags:
        description: What the linker writes into its programs, such as their version.
        type: str
        default: ""
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Compile etcd
  fastapi_mysql.k8s.platform_programs:
    cache_dir: /home/me/.cache/fastapi-mysql-k8s
    toolchain: platform/toolchain.txt
    parts: [{name: etcd, folder: platform/etcd, links: {etcd: server}}]
"""

RETURN = r"""
compiled:
  description: The names of the parts that were compiled.
  type: list
  elements: str
  returned: always
"""
