module registry

go 1.26.8
