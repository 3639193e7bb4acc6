// The soak (soak.cpp), for some tens of seconds: every kind of victim some times.
#include <gtest/gtest.h>

#include "support/process.hpp"

namespace windrow {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr const char* kKills = "11";  // each of which takes twice as long
#else
constexpr const char* kKills = "22";
#endif

TEST(Soak, NothingAcknowledgedIsLostAtAnyKill) {
  const test::TemporaryFolder folder;
  const test::Finished soak =
      test::run({std::string(WINDROW_BINARY_DIR) + "/tests/soak", "--kills", kKills}, folder.path());
  EXPECT_EQ(soak.status, 0) << soak.out << soak.err;
  EXPECT_NE(soak.out.find("\n0 results lost or changed, 0 files that did not open, 0 processes left, 0 other faults\n"),
            std::string::npos)
      << soak.out;
}

}  // namespace
}  // namespace windrow
