// The availability models, one line each: AVAILABILITY(name) stands for add_name(AvailabilityRegistry&) in
// src/spot/availability/name.cpp.
AVAILABILITY(hourly)
AVAILABILITY(bulk)
AVAILABILITY(per_minute)
AVAILABILITY(trace)
AVAILABILITY(markov)
AVAILABILITY(poisson)
AVAILABILITY(price)
AVAILABILITY(lifetime)
