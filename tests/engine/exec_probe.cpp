// A small program over the engine: started by the tests alone and under mpirun, and by hand to measure the engine.
//     exec_probe [--points N] [--mode M] [--seconds S] [--workers W] [--wall S] [--out FILE] [--no-sandbox]
//         [--progress-interval S] [--input-error]
// Points are of one mode, with seeds 0 .. N-1. FILE gets a line `index status value-hash message` per accepted record.
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/behaviour.hpp"
#include "windrow/kernel/hash.hpp"

namespace windrow {
namespace {

struct Arguments {
  std::uint64_t points = 1000;
  std::string mode = "value", out;
  double seconds = 0;
  exec::Options options;
  bool input_error = false;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  arguments.options.quiet = true;
  arguments.options.name = "probe";
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const auto next = [&] { return std::string(++i < argc ? argv[i] : ""); };
    if (flag == "--points") arguments.points = std::stoull(next());
    if (flag == "--mode") arguments.mode = next();
    if (flag == "--seconds") arguments.seconds = std::stod(next());
    if (flag == "--workers") arguments.options.local_workers = std::stoi(next());
    if (flag == "--wall") arguments.options.limits.wall_s = std::stod(next());
    if (flag == "--out") arguments.out = next();
    if (flag == "--no-sandbox") arguments.options.sandbox = false;
    if (flag == "--progress-interval") {
      arguments.options.quiet = false;
      arguments.options.progress_interval_s = std::stod(next());
    }
    if (flag == "--input-error") arguments.input_error = true;
  }
  return arguments;
}

/// Makes its points when asked, as a plan does, and keeps nothing.
class ProbeWork final : public exec::Work {
 public:
  explicit ProbeWork(const Arguments& arguments)
      : arguments_(arguments), out_(arguments.out.empty() ? nullptr : std::fopen(arguments.out.c_str(), "w")) {
    if (out_ != nullptr) std::setvbuf(out_, nullptr, _IOFBF, 1 << 16);
    const std::string text = config::canonical_text(test::BehaviourConfig{arguments.mode, arguments.seconds, 0});
    seed_at_ = text.rfind("seed: 0") + 6;
    text_ = text;
  }
  ~ProbeWork() override {
    if (out_ != nullptr) std::fclose(out_);
  }
  std::uint64_t size() const override { return arguments_.points; }
  bool done(std::uint64_t) const override { return false; }
  std::uint32_t attempts(std::uint64_t) const override { return 0; }
  std::string config_text(std::uint64_t index) const override {
    std::string text = text_;
    text.replace(seed_at_, 1, std::to_string(index));
    return text;
  }
  double cost_hint(std::uint64_t) const override { return 1; }
  std::uint64_t cost_group(std::uint64_t index) const override { return index / 10; }
  std::string label(std::uint64_t index) const override { return "seed=" + std::to_string(index); }
  void accept(std::span<const sweep::PointRecord> records) override {
    accepted += records.size();
    if (out_ == nullptr) return;
    for (const auto& record : records)
      std::fprintf(out_, "%llu %s %016llx %s\n", static_cast<unsigned long long>(record.index),
                   std::string(to_string(record.status)).c_str(), static_cast<unsigned long long>(fnv1a(record.output)),
                   record.message.c_str());
    std::fflush(out_);
  }
  void housekeeping() override {}

  std::uint64_t accepted = 0;

 private:
  const Arguments& arguments_;
  std::FILE* out_;
  std::string text_;
  std::size_t seed_at_ = 0;
};

double cpu_of(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long resident_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

int main_of(int argc, char** argv) {
  const Catalog catalog = test::behaviour_catalog();
  exec::Launch launch(argc, argv, catalog);
  if (!launch.is_master()) {
    launch.serve();
    return EXIT_SUCCESS;
  }
  const Arguments arguments = parse(argc, argv);
  if (arguments.input_error) return 2;  // the destructor lets the other ranks go
  ProbeWork work(arguments);
  const long before_kib = resident_kib();
  const double before_s = cpu_of(RUSAGE_SELF);
  const exec::Summary summary = launch.run(*catalog.find("behaviour"), work, arguments.options);
  const double run = static_cast<double>(summary.ok + summary.saturated + summary.failed);
  std::printf(
      "ok %llu failed %llu left %llu stopped %d workers %d wall_s %.3f points_per_s %.0f idle %.4f master_cpu %.4f "
      "grew_kib %ld\n",
      static_cast<unsigned long long>(summary.ok), static_cast<unsigned long long>(summary.failed),
      static_cast<unsigned long long>(summary.left), summary.stopped ? 1 : 0, summary.workers, summary.wall_s,
      run / summary.wall_s, 1 - summary.worker_busy_s / (summary.wall_s * summary.workers),
      (cpu_of(RUSAGE_SELF) - before_s) / summary.wall_s, resident_kib() - before_kib);
  return summary.stopped ? 3 : summary.failed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace windrow

int main(int argc, char** argv) {
  return windrow::main_of(argc, argv);
}
