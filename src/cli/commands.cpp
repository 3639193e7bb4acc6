#include "cli/command.hpp"

namespace windrow::cli {

int run_command(const Context&);
int plan_command(const Context&);
int simulate_command(const Context&);
int jobs_command(const Context&);
int allocate_command(const Context&);
int submit_command(const Context&);
int cancel_command(const Context&);
int merge_command(const Context&);
int status_command(const Context&);
int show_command(const Context&);
int list_command(const Context&);
int describe_command(const Context&);
int verify_command(const Context&);
int digest_command(const Context&);
int report_command(const Context&);
int import_command(const Context&);
int init_command(const Context&);
int help_command(const Context&);
int completion_command(const Context&);

const std::vector<Command>& commands() {
  static const std::vector<Command> all{
      {"run", "SWEEP.yaml [-o FILE] [-j N] …",
       "runs a sweep on this machine's cores, or on all ranks under mpirun or srun\n"
       "If the result file exists it goes on where it stopped: points that are done are not run again, failed ones are "
       "tried\nonce more, new ones are appended.",
       run_command, true},
      {"plan", "SWEEP.yaml", "what would run: points, axes, how many are done, predicted time and file size",
       plan_command, true},
      {"simulate", "CONFIG.yaml [--set k=v] [--json]", "one simulation: prints its metrics", simulate_command},
      {"jobs", "CONFIG.yaml", "the jobs that the training simulator generates, as CSV", jobs_command},
      {"allocate", "INSTANCE.json --policy NAME [--tie-break MODE] [--json]",
       "one allocation of one policy of the training simulator, with its objective", allocate_command},
      {"submit", "SWEEP.yaml [-o FILE] [--ntasks N] [--time T] …",
       "runs a sweep under Slurm: writes a batch script beside the result file, and submits it\n"
       "Jobs that continue the sweep wait behind the first one; where nothing is left they end at once.",
       submit_command},
      {"cancel", "FILE", "cancels the Slurm jobs of a sweep; what is done stays in its file", cancel_command},
      {"merge", "FILE… -o FILE",
       "joins result files of one sweep: shards, parts that ran elsewhere; the digest is that of one run",
       merge_command},
      {"status", "FILE", "progress of a running, stopped or finished sweep", status_command},
      {"show", "FILE [--metric M] [--by AXES]", "a table of results: means over seeds with 95 % confidence intervals",
       show_command},
      {"list", "[KIND]", "simulators, policies, workloads, metrics, tables, axes", list_command},
      {"describe", "NAME", "what a thing is: its options with defaults and units, its source", describe_command},
      {"verify", "FILE [--rerun K]", "checks a result file; --rerun runs K points again and compares bit for bit",
       verify_command, true},
      {"digest", "FILE", "one hash of all results, without timings and hosts: equal digests mean equal science",
       digest_command},
      {"report", "FILE [-o PAGE.html]",
       "one HTML page that needs nothing beside it: figures, results to sort and filter, provenance\n"
       "Drawn by the Python package in analysis/, with the Python that has it, or with WINDROW_PYTHON.",
       report_command},
      {"import", "KIND FILE [-o FILE]",
       "turns a published format into Windrow's own, and prints what is in it\n"
       "KIND: spot-trace, numbers of spot instances over time: their statistics, and with -o a trace of events.",
       import_command},
      {"init", "[SIMULATOR] [-o FILE]", "writes a commented sweep file to start from", init_command},
      {"help", "[TOPIC]", "what a command does, or a page about sweep files, result files, exit statuses …",
       help_command},
      {"completion", "SHELL",
       "prints what makes a shell complete commands, options, files and names\n"
       "bash: source <(windrow completion bash)    zsh: source <(windrow completion zsh)\n"
       "fish: windrow completion fish | source     each in the file that the shell reads at its start. An installed\n"
       "windrow needs none of this: the three files are where the shells look.",
       completion_command},
  };
  return all;
}

}  // namespace windrow::cli
