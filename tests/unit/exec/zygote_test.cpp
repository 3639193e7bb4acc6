#include "exec/zygote.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

namespace windrow::exec {
namespace {

Zygote::Exit wait_for_exit(Zygote& zygote) {
  while (true) {
    if (const auto exit = zygote.next_exit()) return *exit;
    pollfd waiting{zygote.descriptor(), POLLIN, 0};
    ::poll(&waiting, 1, -1);
  }
}

TEST(Zygote, ReportsHowItsChildrenEnd) {
  Zygote zygote([](Zygote::Role role, std::vector<Descriptor>&, void*) {
    if (role == Zygote::Role::sandbox) ::raise(SIGKILL);
    return 7;
  });
  const pid_t first = zygote.spawn(Zygote::Role::worker, {});
  const Zygote::Exit end = wait_for_exit(zygote);
  EXPECT_EQ(end.pid, first);
  EXPECT_EQ(WEXITSTATUS(end.status), 7);
  zygote.spawn(Zygote::Role::sandbox, {});
  EXPECT_EQ(WTERMSIG(wait_for_exit(zygote).status), SIGKILL);
}

TEST(Zygote, ChildrenHaveTheirDescriptorsAndNoOthers) {
  const int secret = ::open("/dev/null", O_RDONLY);  // as a journal would be: without close-on-exec even
  ASSERT_GE(secret, 0);
  Zygote zygote([](Zygote::Role, std::vector<Descriptor>& descriptors, void*) {
    int open = 0;
    for (int fd = 3; fd < 256; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return open == 1 && ::write(descriptors.at(0).get(), "hello", 5) == 5 ? 0 : 1;
  });
  auto [read_end, write_end] = make_pipe();
  zygote.spawn(Zygote::Role::worker, std::array{write_end.get()});
  EXPECT_EQ(wait_for_exit(zygote).status, 0);
  char text[6] = "";
  EXPECT_EQ(::read(read_end.get(), text, 5), 5);
  EXPECT_STREQ(text, "hello");
  ::close(secret);
}

TEST(Zygote, SharesAPage) {
  Zygote zygote([](Zygote::Role, std::vector<Descriptor>&, void* page) {
    *static_cast<int*>(page) = 42;
    return 0;
  });
  zygote.spawn(Zygote::Role::worker, {});
  wait_for_exit(zygote);
  EXPECT_EQ(*static_cast<int*>(zygote.page()), 42);
}

TEST(Zygote, ChildrenThatThrowExitWithFailure) {
  Zygote zygote([](Zygote::Role, std::vector<Descriptor>&, void*) -> int { throw 1; });
  zygote.spawn(Zygote::Role::worker, {});
  EXPECT_NE(wait_for_exit(zygote).status, 0);
}

TEST(Zygote, IsReplacedWhenKilled) {
  Zygote zygote([](Zygote::Role role, std::vector<Descriptor>&, void*) {
    if (role == Zygote::Role::worker) return 7;
    ::usleep(50'000);  // its birth is reported meanwhile
    ::kill(::getppid(), SIGKILL);
    while (true) ::pause();
  });
  const pid_t child = zygote.spawn(Zygote::Role::sandbox, {});
  const Zygote::Exit end = wait_for_exit(zygote);
  EXPECT_EQ(end.pid, child);
  EXPECT_EQ(WTERMSIG(end.status), SIGKILL);
  zygote.spawn(Zygote::Role::worker, {});
  EXPECT_EQ(WEXITSTATUS(wait_for_exit(zygote).status), 7);
}

TEST(Zygote, TakesItsChildrenAlong) {
  pid_t child = 0;
  {
    Zygote zygote([](Zygote::Role, std::vector<Descriptor>&, void*) {
      while (true) ::pause();
      return 0;
    });
    child = zygote.spawn(Zygote::Role::worker, {});
    EXPECT_EQ(::kill(child, 0), 0);
  }
  EXPECT_NE(::kill(child, 0), 0);
}

}  // namespace
}  // namespace windrow::exec
