// What the training-cluster simulator reports.
#pragma once

#include "windrow/simulator/results.hpp"

namespace windrow::training::results {

inline const Metric jct_mean{"jct_mean", "s", Better::lower,
                             "mean over measured jobs of completion minus arrival (dropped jobs left out)"};
inline const Metric jct_p50{"jct_p50", "s", Better::lower, "median JCT of the measured jobs"};
inline const Metric jct_p90{"jct_p90", "s", Better::lower, "90th percentile of the JCT of the measured jobs"};
inline const Metric jct_p99{"jct_p99", "s", Better::lower, "99th percentile of the JCT of the measured jobs"};
inline const Metric jct_max{"jct_max", "s", Better::lower, "longest JCT of the measured jobs"};
inline const Metric jct_mean_low_priority{"jct_mean_low_priority", "s", Better::lower,
                                          "mean JCT of the measured jobs of priority weight 1"};
inline const Metric jct_mean_high_priority{"jct_mean_high_priority", "s", Better::lower,
                                           "mean JCT of the measured jobs of any other priority weight"};
inline const Metric utilization{"utilization", "1", Better::higher,
                                "mean over GPUs of busy time over the time of the whole run"};
inline const Metric utilization_window{
    "utilization_window", "1", Better::higher,
    "busy over available GPU time from the admission of the first measured job to the end"};
inline const Metric idle_gpu_time{"idle_gpu_time", "GPU s", Better::lower, "available minus busy GPU time of the run"};
inline const Metric makespan{"makespan", "s", Better::lower, "last completion minus first arrival"};
inline const Metric end_time{"end_time", "s", Better::neither, "simulated time at the end of the run"};
inline const Metric window_duration{"window_duration", "s", Better::lower,
                                    "end of the run minus arrival of the first measured job"};
inline const Metric queue_length_mean{"queue_length_mean", "1", Better::lower,
                                      "time average of the number of active jobs without a GPU"};
inline const Metric jobs_completed{"jobs_completed", "1", Better::neither,
                                   "jobs completed in the run, measured or not"};
inline const Metric jobs_dropped{"jobs_dropped", "1", Better::lower, "jobs given up after too many failed micro-tasks"};
inline const Metric jobs_turned_away{
    "jobs_turned_away", "1", Better::lower,
    "jobs dropped at arrival, for they run on no type of the cluster or want more GPUs than any has"};
inline const Metric cost{"cost", "usd", Better::lower,
                         "price of the GPU time of all jobs; 0 unless prices are charged"};
inline const Metric slo_violations{"slo_violations", "1", Better::lower, "completed jobs that missed their deadline"};
inline const Metric lease_extension_fraction{"lease_extension_fraction", "1", Better::higher,
                                             "leases extended on the same GPUs over lease_opportunities"};
inline const Metric lease_extensions{"lease_extensions", "1", Better::neither,
                                     "micro-tasks that followed one of the same job on the same GPUs"};
inline const Metric lease_opportunities{"lease_opportunities", "1", Better::neither,
                                        "micro-tasks after which the job was still active"};
inline const Metric rounds{"rounds", "1", Better::neither, "scheduling steps"};
inline const Metric policy_calls{"policy_calls", "1", Better::neither, "allocations computed by the policy"};
inline const Metric policy_fallbacks{"policy_fallbacks", "1", Better::lower,
                                     "policy calls in which the method meant for the problem failed and the general "
                                     "linear program was solved"};
inline const Metric policy_failures{"policy_failures", "1", Better::lower,
                                    "policy calls in which no solver had an answer and all jobs got equal shares"};
inline const Metric deadlines_dropped{"deadlines_dropped", "1", Better::lower,
                                      "policy calls in which the deadlines could not all be met and were given up"};
inline const Metric solver_rounds{"solver_rounds", "1", Better::lower,
                                  "columns, Newton steps or pivots of the policy's solver over all calls"};

inline const Table jobs{"jobs",
                        "one row per job that was completed or dropped by the end of the run, in order of id",
                        {{"job_id", "1", "in order of arrival, from 0", ColumnType::integer},
                         {"job_type", "", "model and batch size", ColumnType::text},
                         {"scale_factor", "1", "GPUs used at once", ColumnType::integer},
                         {"priority", "1", "priority weight"},
                         {"arrival", "s", "time of arrival"},
                         {"total_steps", "1", "mini-batches to do"},
                         {"completion", "s", "time of completion; nan if dropped"},
                         {"jct", "s", "completion minus arrival; nan if dropped"},
                         {"in_window", "1", "1 if the job is measured", ColumnType::integer}}};

inline const Table levels{
    "levels",
    "one row per active job and call of the policy, in order of time and id",
    {{"time", "s", "of the call"},
     {"job_id", "1", "in order of arrival, from 0", ColumnType::integer},
     {"entity", "1", "whom the job belongs to; 0 without entities", ColumnType::integer},
     {"level", "1", "that water filling gives the job, as the policy sees rates; nan elsewhere"},
     {"throughput", "1", "steps per s of these shares over those of the same share on every type"},
     {"share_k80", "1", "of time on K80 GPUs, alone or with another job"},
     {"share_p100", "1", "of time on P100 GPUs, alone or with another job"},
     {"share_v100", "1", "of time on V100 GPUs, alone or with another job"}},
    true};

inline const Series cluster{{"cluster",
                             "state of the cluster from that time on; a row where anything has changed",
                             {{"time", "s", "start of a round"},
                              {"utilization", "1", "GPUs in use over all GPUs"},
                              {"active_jobs", "1", "jobs admitted and not yet done", ColumnType::integer},
                              {"queue_length", "1", "active jobs without a GPU", ColumnType::integer},
                              {"idle_k80", "1", "K80 GPUs without a job", ColumnType::integer},
                              {"idle_p100", "1", "P100 GPUs without a job", ColumnType::integer},
                              {"idle_v100", "1", "V100 GPUs without a job", ColumnType::integer}}}};

}  // namespace windrow::training::results
