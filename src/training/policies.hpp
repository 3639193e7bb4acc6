// The policies, one line each: POLICY(name) stands for add_name(PolicyRegistry&) in src/training/policies/name.cpp.
POLICY(isolated)
POLICY(allox)
POLICY(fifo)
POLICY(gandiva)
