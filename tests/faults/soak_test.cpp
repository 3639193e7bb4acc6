// The soak (soak.cpp), for some tens of seconds: every kind of victim some times.
#include <gtest/gtest.h>

#include "support/process.hpp"

namespace windrow {
namespace {

TEST(Soak, NothingAcknowledgedIsLostAtAnyKill) {
  const test::TemporaryFolder folder;
  const test::Finished soak =
      test::run({std::string(WINDROW_BINARY_DIR) + "/tests/soak", "--kills", "33"}, folder.path());
  EXPECT_EQ(soak.status, 0) << soak.out << soak.err;
  EXPECT_NE(soak.out.find("\n0 results lost or changed, 0 files that did not open, 0 processes left, 0 other faults\n"),
            std::string::npos)
      << soak.out;
}

}  // namespace
}  // namespace windrow
