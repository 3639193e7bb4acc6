// Answers by the numbers of the question.
#pragma once

#include <bit>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "windrow/solve/problem.hpp"

namespace windrow::solve {

/// All numbers that make a problem, in a row.
inline void numbers_of(const Problem& problem, std::vector<double>& key) {
  key.clear();
  key.push_back(problem.theta_gain);
  for (const auto* list : {&problem.capacity, &problem.size, &problem.count, &problem.weight, &problem.floor,
                           &problem.rate, &problem.gain}) {
    key.push_back(static_cast<double>(list->size()));
    key.insert(key.end(), list->begin(), list->end());
  }
  key.insert(key.end(), problem.allowed.begin(), problem.allowed.end());
}

/// At most `most` answers; when there are more, all are forgotten. Nothing is remembered with `most` 0.
template <class Answer>
class Memory {
 public:
  explicit Memory(std::size_t most) : most_(most) {}
  bool used() const { return most_ > 0; }
  /// The answer to the question of `numbers`, or none.
  const Answer* find(const std::vector<double>& numbers) const {
    const auto found = held_.find(numbers);
    return found == held_.end() ? nullptr : &found->second;
  }
  void keep(const std::vector<double>& numbers, const Answer& answer) {
    if (held_.size() >= most_) held_.clear();
    held_.emplace(numbers, answer);
  }

 private:
  struct Hash {
    std::size_t operator()(const std::vector<double>& numbers) const {
      std::uint64_t hash = numbers.size();
      for (const double number : numbers)
        hash = (std::rotl(hash, 23) ^ std::bit_cast<std::uint64_t>(number + 0.0)) * 0x9E3779B97F4A7C15ULL;
      return hash;
    }
  };
  std::size_t most_;
  std::unordered_map<std::vector<double>, Answer, Hash> held_;  // looked up, never listed
};

}  // namespace windrow::solve
