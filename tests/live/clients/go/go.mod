module tolltap/client

go 1.19
