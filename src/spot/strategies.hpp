// The strategies, one line each: STRATEGY(name) stands for add_name(StrategyRegistry&) in src/spot/strategies/name.cpp.
STRATEGY(bamboo)
STRATEGY(ckpt_tick)
STRATEGY(on_demand)
STRATEGY(checkpoint_restart)
STRATEGY(morphing)
STRATEGY(sample_drop)
STRATEGY(hybrid)
