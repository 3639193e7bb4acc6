// Ranks that a real Slurm starts: the same sweep, the same digest.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "support/process.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow {
namespace {

using test::Finished;
using test::TemporaryFolder;

const char* const kScript = WINDROW_SOURCE_DIR "/tests/support/slurm.sh";

class Slurm : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(geteuid(), 0U) << "the daemons of this test are started as root";
    std::filesystem::permissions(folder_.path(),
                                 std::filesystem::perms(0755));  // MUNGE wants its socket to be reachable
    const int port = 20000 + 10 * static_cast<int>(getpid() % 1000);
    const Finished up = test::run({kScript, "up", folder_.file("slurm"), std::to_string(port)}, folder_.path());
    ASSERT_EQ(up.status, 0) << up.err;
  }
  void TearDown() override { test::run({kScript, "down", folder_.file("slurm")}, folder_.path()); }

  Finished srun(int ranks, std::vector<std::string> arguments) {
    std::vector<std::string> command{"timeout", "100", "srun", "--mpi=pmix", "-n", std::to_string(ranks)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return test::run(command, folder_.path(),
                     {{"SLURM_CONF", folder_.file("slurm/slurm.conf")}, {"OMPI_MCA_btl_tcp_if_include", "lo"}});
  }

  TemporaryFolder folder_;
};

TEST_F(Slurm, RanksOfSrunGiveTheDigestOfLocalWorkers) {
  folder_.write("s.yaml",
                "name: srun\nsimulator: empty\nset: {table_rows: 2}\naxes:\n  seed: {from: 0, count: 300}\n"
                "output: {tables: [rows]}\n");
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "local.h5"}, folder_.path()).status, 0);
  for (const int ranks : {1, 3}) {
    const Finished run = srun(ranks, {WINDROW_PROGRAM, "run", "s.yaml", "-o", "srun.h5", "--fresh"});
    ASSERT_EQ(run.status, 0) << run.out << run.err;
    EXPECT_NE(run.out.find(ranks == 1 ? "worker" : "2 workers"), std::string::npos) << run.out;
    EXPECT_EQ(store::digest(*store::Reader::open(folder_.file("srun.h5"))),
              store::digest(*store::Reader::open(folder_.file("local.h5"))))
        << ranks << " ranks";
  }
}

TEST_F(Slurm, AWrongInputEndsAllRanksWithStatusTwo) {
  folder_.write("s.yaml", "name: srun\nsimulator: empty\naxes:\n  sede: [0, 1]\n");
  const Finished run = srun(3, {WINDROW_PROGRAM, "run", "s.yaml"});
  EXPECT_EQ(run.status, 2) << run.err;
  EXPECT_NE(run.err.find("did you mean 'seed'?"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace windrow
