// Measured throughputs of training jobs: alone and sharing GPUs with another job, per GPU type.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windrow::workload {

/// A job type as measured on a number of GPUs: what every look-up goes by. An index into ThroughputTable::keys().
struct RateKey {
  int job_type = 0;  ///< index into ThroughputTable::job_types()
  int gpus = 1;      ///< scale factor
};

/// Steps (mini-batches) per second, over all GPUs of the job. Zero means that it does not run (does not fit).
class ThroughputTable {
 public:
  struct JobType {
    std::string name;
    bool distributed = false;  ///< may use more than one GPU
  };
  struct Pair {
    double first = 0, second = 0;
  };

  /// Reads the format described at the head of configs/training/osdi20_throughputs.csv. Throws InputError with all
  /// problems, one `path:line: what` each, if there are any.
  static ThroughputTable read(const std::string& path);
  /// The same from memory; `source` is the name for messages.
  static ThroughputTable parse(std::string_view text, const std::string& source);

  const std::vector<std::string>& gpu_types() const { return gpu_types_; }  ///< alphabetical
  /// In the order from which generators draw.
  const std::vector<JobType>& job_types() const { return job_types_; }
  const std::vector<RateKey>& keys() const { return keys_; }

  std::optional<int> find_job_type(std::string_view name) const;
  std::optional<int> find_gpu_type(std::string_view name) const;
  /// Index of the key, or none if it was never measured.
  std::optional<int> find_key(int job_type, int gpus) const;

  /// Alone on `keys()[key].gpus` GPUs of a type.
  double alone(int key, int gpu_type) const { return alone_[index(key, gpu_type)]; }
  /// Two jobs on the same GPUs: zeros where they do not fit, or where their numbers of GPUs differ.
  Pair pair(int first_key, int second_key, int gpu_type) const {
    return pairs_[index(first_key, gpu_type) * keys_.size() + static_cast<std::size_t>(second_key)];
  }

 private:
  class Parser;
  std::size_t index(int key, int gpu_type) const {
    return static_cast<std::size_t>(gpu_type) * keys_.size() + static_cast<std::size_t>(key);
  }

  std::vector<std::string> gpu_types_;
  std::vector<JobType> job_types_;
  std::vector<RateKey> keys_;
  std::vector<int> key_of_;    ///< [job types x kMaxGpus + 1], -1 if there is none
  std::vector<double> alone_;  ///< [GPU types x keys]
  std::vector<Pair> pairs_;    ///< [GPU types x keys x keys]
};

}  // namespace windrow::workload
