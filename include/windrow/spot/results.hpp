// What the spot-training simulator reports. NaN where a strategy has no such thing.
#pragma once

#include "windrow/simulator/results.hpp"

namespace windrow::spot::results {

// Training

inline const Metric steps{"steps", "1", Better::higher, "steps done and not lost"};
inline const Metric samples{"samples", "1", Better::higher, "samples of these steps"};
inline const Metric throughput{
    "throughput", "1/s", Better::higher,
    "samples over the time of the run; bamboo_compat: average from the first rendezvous to the last step"};
inline const Metric value{"value", "h/(usd s)", Better::higher,
                          "throughput per dollar and hour; bamboo_compat: average over time of the ratio"};
inline const Metric samples_per_dollar{"samples_per_dollar", "1/usd", Better::higher, "samples over cost_total"};
inline const Metric end_time{"end_time", "s", Better::lower, "simulated time of the run: time to `steps` steps"};
inline const Metric lost_work{"lost_work", "1", Better::lower, "samples that were computed and lost again"};
inline const Metric steps_redone{"steps_redone", "1", Better::lower, "steps that were done and lost again"};
inline const Metric checkpoints_started{"checkpoints_started", "1", Better::neither, "checkpoints begun"};
inline const Metric checkpoints_completed{"checkpoints_completed", "1", Better::neither, "checkpoints completed"};
inline const Metric checkpoints_lost{"checkpoints_lost", "1", Better::lower,
                                     "checkpoints that a loss of instances cut off"};

// Time

inline const Metric time_useful_fraction{"time_useful_fraction", "1", Better::higher,
                                         "share of the run in which work was done that lasted, at full speed"};
inline const Metric time_slowed_fraction{"time_slowed_fraction", "1", Better::lower,
                                         "the same while instances did the work of lost ones, or less than all"};
inline const Metric time_redone_fraction{"time_redone_fraction", "1", Better::lower,
                                         "share of the run in which work was done that was lost again"};
inline const Metric time_reconfiguring_fraction{
    "time_reconfiguring_fraction", "1", Better::lower,
    "share of the run in which the job formed its pipelines anew, loaded a checkpoint or stopped to write one"};
inline const Metric time_stopped_fraction{"time_stopped_fraction", "1", Better::lower,
                                          "share of the run in which there were too few instances"};
inline const Metric time_running{"time_running", "s", Better::higher, "time in which steps were computed"};
inline const Metric time_reconfiguring{"time_reconfiguring", "s", Better::lower, "time of rendezvous"};
inline const Metric time_checkpointing{"time_checkpointing", "s", Better::lower,
                                       "time in which training stood still for a checkpoint"};
inline const Metric time_loading{"time_loading", "s", Better::lower, "time of loading checkpoints"};
inline const Metric time_waiting{"time_waiting", "s", Better::lower, "time of waiting for instances"};

// Instances

inline const Metric instances_mean{"instances_mean", "1", Better::neither, "average number of instances"};
inline const Metric instances_min{"instances_min", "1", Better::neither, "fewest instances after the first second"};
inline const Metric instances_max{"instances_max", "1", Better::neither, "most instances"};
inline const Metric instance_hours_active{"instance_hours_active", "h", Better::neither,
                                          "instance time with a place in a pipeline"};
inline const Metric instance_hours_standby{"instance_hours_standby", "h", Better::lower,
                                           "instance time ready and without a place"};
inline const Metric instance_hours_creating{"instance_hours_creating", "h", Better::lower, "instance time until ready"};
inline const Metric idle_time{"idle_time", "s", Better::lower, "instance time paid for and not useful"};
inline const Metric idle_fraction{"idle_fraction", "1", Better::lower,
                                  "1 minus useful active instance time over instance time paid for"};
inline const Metric additions{"additions", "1", Better::neither, "instances that were added"};
inline const Metric preemptions{"preemptions", "1", Better::neither, "instances that were taken away"};
inline const Metric preemption_interval_mean{"preemption_interval_mean", "h", Better::neither,
                                             "mean time between two losses; 0 if there are none"};
inline const Metric preemption_interval_median{"preemption_interval_median", "h", Better::neither,
                                               "median time between two losses (B8: the mean)"};
inline const Metric preemption_interval_stdev{"preemption_interval_stdev", "h", Better::neither,
                                              "standard deviation of the time between two losses"};
inline const Metric lifetime_mean{"lifetime_mean", "h", Better::neither,
                                  "mean lifetime of instances, those alive at the end included up to then"};
inline const Metric lifetime_median{"lifetime_median", "h", Better::neither, "median of the same"};
inline const Metric lifetime_stdev{"lifetime_stdev", "h", Better::neither, "standard deviation of the same"};
inline const Metric lifetime_ended_mean{"lifetime_ended_mean", "h", Better::neither,
                                        "mean lifetime of the instances that were taken away"};
inline const Metric lifetime_estimate{"lifetime_estimate", "h", Better::neither,
                                      "instance time over losses: what lifetimes cut off by the end do not bias"};

// Losses and what follows

inline const Metric fatal_failures{"fatal_failures", "1", Better::lower, "losses that training could not go on with"};
inline const Metric reconfigurations{"reconfigurations", "1", Better::lower, "times that pipelines were formed anew"};
inline const Metric rendezvous_global{"rendezvous_global", "1", Better::neither, "rendezvous after a failure or stop"};
inline const Metric rendezvous_local{"rendezvous_local", "1", Better::neither, "rendezvous between two steps"};
inline const Metric pipelines_capped{"pipelines_capped", "1", Better::lower,
                                     "rendezvous after which instances were left over since no step time is known for "
                                     "so many pipelines"};

// Money

inline const Metric cost_total{"cost_total", "usd", Better::lower, "price of all instance time of the run"};
inline const Metric cost_per_hour{"cost_per_hour", "usd/h", Better::lower, "cost_total over the time of the run"};
inline const Metric on_demand_throughput{"on_demand_throughput", "1/s", Better::neither,
                                         "throughput of the on-demand comparison"};
inline const Metric on_demand_cost_per_hour{"on_demand_cost_per_hour", "usd/h", Better::neither, "its cost"};
inline const Metric on_demand_value{"on_demand_value", "h/(usd s)", Better::neither, "its value"};

// The names of the published summaries (bamboo_compat)

inline const Metric preemption_mean{"preemption_mean", "h", Better::neither, "published name"};
inline const Metric preemption_median{"preemption_median", "h", Better::neither, "published name"};
inline const Metric preemption_stdev{"preemption_stdev", "h", Better::neither, "published name"};
inline const Metric num_preemptions{"num_preemptions", "1", Better::neither, "published name"};
inline const Metric num_fatal_failures{"num_fatal_failures", "1", Better::neither, "published name"};
inline const Metric num_steps_complete{"num_steps_complete", "1", Better::neither, "published name"};
inline const Metric average_instances{"average_instances", "1", Better::neither, "published name"};
inline const Metric average_performance{"average_performance", "1/s", Better::neither, "published name"};
inline const Metric average_cost{"average_cost", "usd/h", Better::neither, "published name"};
inline const Metric average_value{"average_value", "h/(usd s)", Better::neither, "published name"};
inline const Metric stale_timeouts{"stale_timeouts", "1", Better::lower,
                                   "rendezvous timeouts that fired while there was no rendezvous (B1)"};

// The same of the notebook and its script (ckpt_tick, ckpt_tick_compat)

inline const Metric ticks{"ticks", "1", Better::neither, "ticks done"};
inline const Metric trace_rows{"trace_rows", "1", Better::neither, "rows of the event trace"};
inline const Metric step_events{"step_events", "1", Better::neither, "step rows without the first"};
inline const Metric reconfig_events{"reconfig_events", "1", Better::neither, "reconfiguration rows"};
inline const Metric max_step_id{"max_step_id", "1", Better::neither, "largest number of a step"};
inline const Metric max_trace_ws{"max_trace_ws", "1", Better::neither, "largest world size of a row"};
inline const Metric max_total{"max_total", "1", Better::neither, "most instances at the start of a tick"};
inline const Metric min_total{"min_total", "1", Better::neither, "fewest instances at the start of a tick"};
inline const Metric last_active{"last_active", "1", Better::neither, "active at the start of the last tick"};
inline const Metric last_standby{"last_standby", "1", Better::neither, "standing by at the start of the last tick"};
inline const Metric last_prepping{"last_prepping", "1", Better::neither,
                                  "in preparation at the start of the last tick"};
inline const Metric last_event_s{"last_event_s", "s", Better::neither, "time of the last row"};
inline const Metric rollbacks{"rollbacks", "1", Better::lower, "times that training went back to a checkpoint"};
inline const Metric reconfig_intervals{"reconfig_intervals", "1", Better::neither,
                                       "spans of time from a reconfiguration row to the next row"};
inline const Metric wasted_samples{"wasted_samples", "1", Better::lower, "ticks in spans whose work was lost"};
inline const Metric reconfig_samples{"reconfig_samples", "1", Better::lower, "ticks in reconfiguration spans"};
inline const Metric union_samples{"union_samples", "1", Better::lower, "ticks in either"};
inline const Metric percent_time_wasted{"percent_time_wasted", "1", Better::lower,
                                        "share (no percentage) of ticks that were wasted; with N12 as published"};
inline const Metric percent_time_wasted_upstream{"percent_time_wasted_upstream", "1", Better::lower,
                                                 "wasted_samples over ticks"};
inline const Metric percent_time_wasted_fixed{"percent_time_wasted_fixed", "1", Better::lower,
                                              "union_samples over ticks"};
inline const Metric world_size_mean{"world_size_mean", "1", Better::higher,
                                    "time average of the instances that train, over the time in which any do"};

inline const Table instances{"instances",
                             "one row per instance, in order of addition",
                             {{"name", "", "node1, node2, …, or as the trace says", ColumnType::text},
                              {"added", "s", "time of addition"},
                              {"ready", "s", "time from which it could be used; nan if it never could"},
                              {"removed", "s", "time of its loss; nan if it was there at the end"},
                              {"hours_running", "h", "time with a place in a pipeline"}}};

inline const Table rendezvous{"rendezvous",
                              "one row per rendezvous or reconfiguration, in order of its end",
                              {{"start", "s", "when it began"},
                               {"end", "s", "when it was over"},
                               {"kind", "", "global or local", ColumnType::text},
                               {"cause", "", "ready, fatal, overload, growth, …", ColumnType::text},
                               {"pipelines", "1", "pipelines after it", ColumnType::integer},
                               {"stages", "1", "their depth", ColumnType::integer}}};

inline const Table events{"events",
                          "one row per event, with the state after it",
                          {{"n", "1", "number of the event", ColumnType::integer},
                           {"time_ms", "ms", "simulated time", ColumnType::integer},
                           {"kind", "", "ADD, REMOVE, GENERATE, READY, …", ColumnType::text},
                           {"name", "", "the instance", ColumnType::text},
                           {"event_version", "1", "STEP: version of the grid it was scheduled for"},
                           {"status_before", "", "state before the event", ColumnType::text},
                           {"status_after", "", "state after it", ColumnType::text},
                           {"instances", "1", "instances alive", ColumnType::integer},
                           {"running", "1", "instances with a place", ColumnType::integer},
                           {"waiting", "1", "the waiting counter", ColumnType::integer},
                           {"pipelines", "1", "pipelines", ColumnType::integer},
                           {"stages", "1", "their depth", ColumnType::integer},
                           {"version", "1", "version of the grid", ColumnType::integer},
                           {"steps", "1", "steps so far", ColumnType::integer},
                           {"fatal", "1", "fatal failures so far", ColumnType::integer},
                           {"step_ms", "ms", "time of a step; nan before the first grid"},
                           {"fallback_active", "1", "1 while slowed down", ColumnType::integer},
                           {"rendezvous_size", "1", "instances in the rendezvous", ColumnType::integer},
                           {"overloaded", "1", "instances doing the work of two", ColumnType::integer}},
                          true};

inline const Table training_events{"training_events",
                                   "ckpt_tick: the event trace; written as events.csv",
                                   {{"ws", "1", "instances in the job", ColumnType::integer},
                                    {"t_seconds", "s", "simulated time"},
                                    {"event", "", "step or reconfig", ColumnType::text},
                                    {"event_id", "1", "number of the step or reconfiguration", ColumnType::integer}},
                                   true,
                                   "events"};

inline const Table tick_log{"ticks",
                            "ckpt_tick: the cluster at the start of each tick; ids in the order of CPython's sets",
                            {{"tick", "1", "number of the tick", ColumnType::integer},
                             {"active", "1", "instances that train", ColumnType::integer},
                             {"standby", "1", "instances that stand by", ColumnType::integer},
                             {"prepping", "1", "instances in preparation", ColumnType::integer},
                             {"total", "1", "all instances", ColumnType::integer},
                             {"active_ids", "", "ids, separated by spaces", ColumnType::text},
                             {"standby_ids", "", "ids, separated by spaces", ColumnType::text},
                             {"prepping_ids", "", "ids, separated by spaces", ColumnType::text}},
                            true};

// Points of the published curves: two per span of constant value.
inline const Series instances_series{{"instances",
                                      "number of instances, as a curve of steps",
                                      {{"time", "s", "time"}, {"hour", "h", "time"}, {"instances", "1", "alive"}},
                                      false,
                                      "instances_series"}};
inline const Series throughput_series{
    {"throughput",
     "samples per second, as a curve of steps",
     {{"time", "s", "time"}, {"hour", "h", "time"}, {"throughput", "1/s", "samples per second"}},
     false,
     {}}};
inline const Series cost_series{{"cost",
                                 "price of all instances, as a curve of steps",
                                 {{"time", "s", "time"}, {"hour", "h", "time"}, {"cost", "usd/h", "all instances"}},
                                 false,
                                 {}}};
inline const Series value_series{{"value",
                                  "throughput over cost, as a curve of steps",
                                  {{"time", "s", "time"}, {"hour", "h", "time"}, {"value", "h/(usd s)", "the ratio"}},
                                  false,
                                  {}}};
inline const Series cluster{{"cluster",
                             "state of the cluster and the job from that time on; a row where anything has changed",
                             {{"time", "s", "time"},
                              {"instances", "1", "alive", ColumnType::integer},
                              {"creating", "1", "not ready yet", ColumnType::integer},
                              {"standby", "1", "ready, without a place", ColumnType::integer},
                              {"active", "1", "with a place", ColumnType::integer},
                              {"pipelines", "1", "pipelines", ColumnType::integer},
                              {"stages", "1", "their depth", ColumnType::integer},
                              {"state", "", "stopped, rendezvous, running, …", ColumnType::text}},
                             false,
                             {}}};

}  // namespace windrow::spot::results
