# What the task `bench` prints beside its own figures of disks.

BENCH_GEN := $(B)/gen/bench/reference.h

$(BENCH_GEN): tools/bench_reference.py tools/bench_reference.json
	@mkdir -p $(@D)
	@echo '  GEN   $@'
	@$(PYTHON) tools/bench_reference.py > $@

$(B)/obj/servers/bench/disk.c.o: $(BENCH_GEN)
