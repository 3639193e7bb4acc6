#include "windrow/training/instance.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "windrow/config/tree.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::training {
namespace {

using config::Limit;
using config::Node;
using config::Problems;

constexpr double kLargest = 1e15;

class InstanceReader {
 public:
  explicit InstanceReader(const std::string& path) {
    tree_ = config::read_yaml(path, problems_);
    problems_.throw_if_any();
  }

  Instance read() {
    const Node& root = tree_.root();
    check_members(root, "", {"name", "cluster", "jobs", "pairs", "prices", "slo_seconds_left", "entities", "expected"});
    read_cluster(root);
    read_jobs(root);
    read_pairs(root);
    read_prices(root);
    read_deadlines(root);
    read_entities(root);
    problems_.throw_if_any();
    return std::move(instance_);
  }

 private:
  void problem(const Node& node, std::string key, std::string text) {
    problems_.add(node.position, std::move(key), std::move(text));
  }

  /// Published instances carry notes of many kinds, so only what looks like a slip of the pen is a problem.
  void check_members(const Node& map, const std::string& path, const std::vector<std::string>& known) {
    for (const Node::Member& member : map.members) {
      if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
      const std::string nearest = did_you_mean(member.key, known);
      if (!nearest.empty()) problems_.add(member.position, path + member.key, "unknown key" + nearest);
    }
  }

  /// A member of the kind; null, with a problem unless it may be left out.
  const Node* member(const Node& map, std::string_view name, const std::string& path, Node::Kind kind,
                     bool required = true) {
    const Node* node = map.find(name);
    if (node == nullptr) {
      if (required) problem(map, path + std::string(name), "is missing");
      return nullptr;
    }
    if (node->kind == kind) return node;
    problem(*node, path + std::string(name), kind == Node::Kind::map ? "expected a map" : "expected a list");
    return nullptr;
  }

  double number(const Node& node, const std::string& key, const Limit& limit) {
    double value = 0;
    config::read_value(node, key, value, limit, problems_);
    return value;
  }
  double number_of(const Node& map, std::string_view name, const std::string& path, const Limit& limit,
                   std::optional<double> missing = std::nullopt) {
    const Node* node = map.find(name);
    if (node != nullptr) return number(*node, path + std::string(name), limit);
    if (!missing) problem(map, path + std::string(name), "is missing");
    return missing.value_or(0);
  }

  void read_cluster(const Node& root) {
    const Node* cluster = member(root, "cluster", "", Node::Kind::map);
    if (cluster == nullptr) return;
    std::map<std::string, int> gpus;
    for (const Node::Member& type : cluster->members) {
      int count = 0;
      config::read_value(type.value, "cluster." + type.key, count, config::within(0, 1e6), problems_);
      gpus[type.key] = count;
    }
    for (const auto& [name, count] : gpus) {
      instance_.type_names.push_back(name);
      if (count == 0) continue;
      instance_.cluster.type_names.push_back(name);
      instance_.cluster.gpus.push_back(count);
    }
    if (instance_.cluster.types() == 0) problem(*cluster, "cluster", "must have a GPU of some type");
    if (instance_.cluster.types() > kMaxGpuTypes)
      problem(*cluster, "cluster",
              fmt::format("has {} types with GPUs, at most {} are possible", instance_.cluster.types(), kMaxGpuTypes));
  }

  /// One value for each type of the cluster; types without GPUs may be left out.
  template <class Read>
  void by_type(const Node& map, const std::string& path, Read read) {
    check_members(map, path, instance_.type_names);
    for (std::size_t w = 0; w < std::min(instance_.cluster.types(), kMaxGpuTypes); ++w) {
      const Node* node = map.find(instance_.cluster.type_names[w]);
      if (node == nullptr)
        problem(map, path + instance_.cluster.type_names[w], "is missing");
      else
        read(*node, path + instance_.cluster.type_names[w], w);
    }
  }

  void read_jobs(const Node& root) {
    const Node* jobs = member(root, "jobs", "", Node::Kind::list);
    if (jobs == nullptr) return;
    for (std::size_t j = 0; j < jobs->items.size(); ++j) {
      const Node& item = jobs->items[j];
      const std::string path = fmt::format("jobs[{}].", j);
      if (item.kind != Node::Kind::map) {
        problem(item, fmt::format("jobs[{}]", j), "expected a map");
        continue;
      }
      check_members(
          item, path,
          {"id", "throughputs", "scale_factor", "priority_weight", "steps_remaining", "time_since_start", "model"});
      instance_.jobs.push_back(read_job(item, path));
      if (!index_.emplace(instance_.jobs.back().id, 0).second)
        problem(item, path + "id", fmt::format("is that of another job: {}", instance_.jobs.back().id));
    }
    std::stable_sort(instance_.jobs.begin(), instance_.jobs.end(),
                     [](const JobView& a, const JobView& b) { return a.id < b.id; });
    for (std::size_t j = 0; j < instance_.jobs.size(); ++j) {
      instance_.jobs[j].rate_key = static_cast<int>(j);
      index_[instance_.jobs[j].id] = j;
    }
  }

  JobView read_job(const Node& item, const std::string& path) {
    JobView job;
    if (const Node* id = item.find("id"))
      config::read_value(*id, path + "id", job.id, config::within(0, 1e15), problems_);
    else
      problem(item, path + "id", "is missing");
    if (const Node* gpus = item.find("scale_factor"))
      config::read_value(*gpus, path + "scale_factor", job.gpus, config::within(1, 1e6), problems_);
    job.weight = number_of(item, "priority_weight", path, config::within(1e-9, 1e9), 1.0);
    job.steps_left = number_of(item, "steps_remaining", path, config::within(1e-9, kLargest), 1.0);
    job.age_s = number_of(item, "time_since_start", path, config::within(0, kLargest), 0.0);
    if (const Node* rates = member(item, "throughputs", path, Node::Kind::map)) {
      by_type(*rates, path + "throughputs.", [&](const Node& rate, const std::string& key, std::size_t w) {
        job.steps_per_s[w] = number(rate, key, config::within(0, kLargest));
      });
      if (const Node* v100 = rates->find("v100"))
        job.v100_steps_per_s = number(*v100, path + "throughputs.v100", config::within(0, kLargest));
    }
    return job;
  }

  std::optional<std::size_t> job_of(const Node& node, const std::string& key) {
    std::int64_t id = -1;
    if (!config::read_value(node, key, id, config::within(0, 1e15), problems_)) return std::nullopt;
    const auto found = index_.find(id);
    if (found != index_.end()) return found->second;
    problem(node, key, fmt::format("there is no job {}", id));
    return std::nullopt;
  }

  void read_pairs(const Node& root) {
    const std::size_t n = instance_.jobs.size(), types = std::min(instance_.cluster.types(), kMaxGpuTypes);
    const Node* pairs = member(root, "pairs", "", Node::Kind::list, false);
    if (pairs == nullptr) {
      instance_.packed = PackedRates::none();
      return;
    }
    std::vector<PackedRates::Pair> rates(types * n * n);
    std::set<std::pair<std::size_t, std::size_t>> seen;
    for (std::size_t p = 0; p < pairs->items.size(); ++p) {
      const Node& item = pairs->items[p];
      const std::string path = fmt::format("pairs[{}].", p);
      if (item.kind != Node::Kind::map) {
        problem(item, fmt::format("pairs[{}]", p), "expected a map");
        continue;
      }
      check_members(item, path, {"jobs", "throughputs"});
      const Node* members = member(item, "jobs", path, Node::Kind::list);
      const Node* speeds = member(item, "throughputs", path, Node::Kind::map);
      if (members == nullptr || speeds == nullptr) continue;
      if (members->items.size() != 2) {
        problem(*members, path + "jobs", fmt::format("expected two jobs, found {}", members->items.size()));
        continue;
      }
      const auto a = job_of(members->items[0], path + "jobs[0]"), b = job_of(members->items[1], path + "jobs[1]");
      if (!a || !b) continue;
      if (*a == *b)
        problem(*members, path + "jobs", "a job cannot be paired with itself");
      else if (instance_.jobs[*a].gpus != instance_.jobs[*b].gpus)
        problem(*members, path + "jobs", "the two jobs must have the same scale_factor");
      else if (!seen.insert(std::minmax(*a, *b)).second)
        problem(*members, path + "jobs", "a second pair of these jobs");
      by_type(*speeds, path + "throughputs.", [&](const Node& both, const std::string& key, std::size_t w) {
        std::vector<double> values;
        Limit limit = config::within(0, kLargest);
        limit.length = 2;
        if (!config::read_value(both, key, values, limit, problems_)) return;
        rates[(w * n + *a) * n + *b] = {values[0], values[1]};
        rates[(w * n + *b) * n + *a] = {values[1], values[0]};
      });
    }
    instance_.packed = PackedRates(n, std::move(rates));
  }

  void read_prices(const Node& root) {
    const Node* prices = member(root, "prices", "", Node::Kind::map, false);
    if (prices == nullptr) return;
    instance_.has_prices = true;
    by_type(*prices, "prices.", [&](const Node& price, const std::string& key, std::size_t w) {
      instance_.price_usd_per_h[w] = number(price, key, config::within(1e-9, 1e9));
    });
  }

  void read_deadlines(const Node& root) {
    const Node* deadlines = member(root, "slo_seconds_left", "", Node::Kind::map, false);
    if (deadlines == nullptr) return;
    instance_.has_deadlines = true;
    for (const Node::Member& deadline : deadlines->members) {
      const std::string key = "slo_seconds_left." + deadline.key;
      const auto job = job_of(Node::scalar(deadline.key, deadline.position), key);
      const double left_s = number(deadline.value, key, config::within(-kLargest, kLargest));
      if (job) instance_.jobs[*job].deadline_left_s = left_s;
    }
  }

  void read_entities(const Node& root) {
    const Node* entities = member(root, "entities", "", Node::Kind::list, false);
    if (entities == nullptr || entities->items.empty()) return;
    instance_.entities.within.clear();
    std::vector<bool> covered(instance_.jobs.size());
    for (std::size_t e = 0; e < entities->items.size(); ++e) {
      const Node& item = entities->items[e];
      const std::string path = fmt::format("entities[{}].", e);
      if (item.kind != Node::Kind::map) {
        problem(item, fmt::format("entities[{}]", e), "expected a map");
        continue;
      }
      check_members(item, path, {"name", "weight", "policy", "jobs"});
      instance_.entities.weights.push_back(number_of(item, "weight", path, config::within(1e-9, 1e9), 1.0));
      std::string within = "fairness";
      if (const Node* policy = item.find("policy"))
        config::read_value(*policy, path + "policy", within, config::one_of({"fairness", "fifo"}), problems_);
      instance_.entities.within.push_back(within);
      const Node* members = member(item, "jobs", path, Node::Kind::list);
      for (std::size_t m = 0; members != nullptr && m < members->items.size(); ++m) {
        const std::string key = fmt::format("{}jobs[{}]", path, m);
        const auto job = job_of(members->items[m], key);
        if (!job) continue;
        if (covered[*job]) problem(members->items[m], key, "is in an entity already");
        covered[*job] = true;
        instance_.jobs[*job].entity = static_cast<int>(e);
      }
    }
    std::string missing;
    for (std::size_t j = 0; j < covered.size(); ++j)
      if (!covered[j]) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", instance_.jobs[j].id);
    if (!missing.empty() && problems_.empty())
      problem(*entities, "entities", "do not cover all jobs: in none is " + missing);
  }

  config::Tree tree_;
  Problems problems_;
  Instance instance_;
  std::map<std::int64_t, std::size_t> index_;  // of jobs, by id
};

}  // namespace

Instance read_instance(const std::string& path) {
  return InstanceReader(path).read();
}

const PolicyInfo& policy_named(const std::string& name, std::string_view where) {
  const PolicyInfo* info = policies().find(name);
  if (info == nullptr)
    throw InputError(fmt::format("{}: unknown policy '{}'{} (windrow list policies)", where, name,
                                 did_you_mean(name, policy_names())));
  return *info;
}

Answer allocate(const Instance& instance, const std::string& policy_name, TrainingConfig options) {
  const PolicyInfo* info = &policy_named(policy_name, "policy");
  if (info->traits.needs_prices && !instance.has_prices)
    throw InputError(
        fmt::format("{} divides by prices, and the instance has none: expected a map 'prices'", info->name));
  if (info->traits.needs_deadlines && !instance.has_deadlines)
    throw InputError(
        fmt::format("{} keeps deadlines, and the instance has none: expected a map 'slo_seconds_left'", info->name));
  options.policy = policy_name;
  options.entities = instance.entities;
  const std::unique_ptr<Policy> policy = info->make(options);
  Answer answer;
  answer.allocation.reset(instance.jobs.size());
  policy->allocate({instance.cluster, instance.jobs, instance.packed, 0, instance.price_usd_per_h}, answer.allocation);
  if (policy->explanation() != nullptr) answer.explanation = *policy->explanation();
  return answer;
}

}  // namespace windrow::training
