#include "exec/zygote.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <system_error>

#include "windrow/kernel/error.hpp"

namespace windrow::exec {

namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kMostDescriptors = 4;

struct Request {
  Zygote::Role role;
};

struct Report {
  enum class Kind : int { spawned, exited } kind;
  int value;  ///< spawned: pid or -errno; exited: pid
  int status;
};

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// The kernel kills this process when its parent ends. If the parent ended before the call, nobody would: check after
/// it.
void die_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(EXIT_FAILURE);
}

union ControlBuffer {
  char bytes[CMSG_SPACE(kMostDescriptors * sizeof(int))];
  cmsghdr alignment;
};

bool send_request(int socket, const Request& request, std::span<const int> descriptors) {
  iovec part{const_cast<Request*>(&request), sizeof request};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  while (true) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0) return true;
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET) return false;
    throw_errno("cannot reach the process that forks workers");
  }
}

/// False at the end: the owner is gone.
bool receive_request(int socket, Request& request, std::vector<Descriptor>& descriptors) {
  iovec part{&request, sizeof request};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  const ssize_t count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (count != sizeof request) return false;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_type != SCM_RIGHTS) continue;
    std::array<int, kMostDescriptors> fds{};
    const std::size_t bytes = header->cmsg_len - CMSG_LEN(0);
    std::memcpy(fds.data(), CMSG_DATA(header), bytes);
    for (std::size_t i = 0; i < bytes / sizeof(int); ++i) descriptors.emplace_back(fds[i]);
  }
  return true;
}

void report(int socket, Report::Kind kind, int value, int status) {
  const Report message{kind, value, status};
  while (::send(socket, &message, sizeof message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void reap(int socket, std::vector<pid_t>& children) {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    std::erase(children, pid);
    report(socket, Report::Kind::exited, pid, status);
  }
}

/// Ends the children and waits for them; and a moment for what they leave behind, which the kernel ends.
void end_children(const std::vector<pid_t>& children) {
  for (const pid_t pid : children) ::kill(pid, SIGKILL);
  for (const pid_t pid : children) ::waitpid(pid, nullptr, 0);
  for (int milliseconds = 0; milliseconds < 500; ++milliseconds) {
    const pid_t pid = ::waitpid(-1, nullptr, WNOHANG);
    if (pid < 0) return;
    if (pid == 0) ::usleep(1000);
  }
}

/// Runs in the child. Ends the process.
[[noreturn]] void run_body(const Zygote::Body& body, Zygote::Role role, std::vector<Descriptor>& descriptors,
                           void* page) {
  ::prctl(PR_SET_NAME, role == Zygote::Role::worker ? "windrow-worker" : "windrow-sandbox");
  int status = EXIT_FAILURE;
  try {
    status = body(role, descriptors, page);
  } catch (const std::exception& error) {
    const std::string text = fmt::format("windrow: {}\n", error.what());
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  } catch (...) {  // must not get into the frames that this process has from its parent
  }
  ::_exit(status);  // not exit(): what the program registered to happen at its end is not the child's business
}

[[noreturn]] void zygote_main(int control_fd, pid_t owner, const Zygote::Body& body, void* page) noexcept {
  die_with(owner);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // so that what a killed child leaves behind is reaped here, not lost in pid 1
  ::prctl(PR_SET_NAME, "windrow-zygote");
  ignore_stop_signals();

  constexpr int kControl = 3, kSignals = 4;
  if (control_fd != kControl) ::dup2(control_fd, kControl);
  close_descriptors_from(kSignals);
  if (const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC); null >= 0) {
    ::dup2(null, STDIN_FILENO);
    ::close(null);
  }
  ::dup2(STDERR_FILENO, STDOUT_FILENO);

  sigset_t child_ended;
  sigset_t before;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_ended, &before);
  if (::signalfd(-1, &child_ended, SFD_CLOEXEC) != kSignals) ::_exit(EXIT_FAILURE);

  const pid_t self = ::getpid();
  std::vector<pid_t> children;
  while (true) {
    std::array<pollfd, 2> waiting{pollfd{kControl, POLLIN, 0}, pollfd{kSignals, POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
    if (waiting[1].revents != 0) {
      signalfd_siginfo ignored;
      [[maybe_unused]] const auto count = ::read(kSignals, &ignored, sizeof ignored);
      reap(kControl, children);
    }
    if (waiting[0].revents == 0) continue;
    Request request{};
    std::vector<Descriptor> descriptors;
    if (!receive_request(kControl, request, descriptors)) break;
    const pid_t pid = ::fork();
    if (pid == 0) {
      die_with(self);
      ::close(kControl);
      ::close(kSignals);
      ::sigprocmask(SIG_SETMASK, &before, nullptr);
      run_body(body, request.role, descriptors, page);
    }
    if (pid > 0) children.push_back(pid);
    report(kControl, Report::Kind::spawned, pid > 0 ? pid : -errno, 0);
  }
  end_children(children);
  ::_exit(EXIT_SUCCESS);
}

}  // namespace

StreamPair make_stream_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw_errno("cannot make a socket pair");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot make a pipe");
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

void close_descriptors_from(int first) {
  if (::close_range(static_cast<unsigned>(first), ~0U, 0) == 0) return;
  for (int fd = first; fd < ::sysconf(_SC_OPEN_MAX); ++fd) ::close(fd);  // before Linux 5.9
}

std::span<const int> stop_signals() {
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGUSR1};
  return kSignals;
}

void ignore_stop_signals() {
  for (const int signal : stop_signals()) ::signal(signal, SIG_IGN);
}

Zygote::Zygote(Body body) : body_(std::move(body)) {
  start();
}

Zygote::~Zygote() {
  end();
}

void Zygote::start() {
  if (page_ != nullptr) ::munmap(page_, kPageBytes);
  page_ = ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page_ == MAP_FAILED) throw_errno("cannot share a page of memory");
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw_errno("cannot make a socket pair");
  control_ = Descriptor(ends[0]);
  Descriptor other(ends[1]);
  const pid_t owner = ::getpid();
  std::fflush(nullptr);  // or a child that calls exit() would print what is buffered here once more
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("cannot fork");
  if (pid_ == 0) zygote_main(other.get(), owner, body_, page_);
}

void Zygote::end() {
  control_.close();
  if (pid_ > 0)
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  pid_ = -1;
  if (page_ != nullptr) ::munmap(page_, kPageBytes);
  page_ = nullptr;
}

pid_t Zygote::spawn(Role role, std::span<const int> descriptors) {
  WINDROW_CHECK(descriptors.size() <= kMostDescriptors, "{} descriptors for a child", descriptors.size());
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (pid_ < 0) start();
    spawned_.reset();
    if (!send_request(control_.get(), Request{role}, descriptors)) on_zygote_death();
    while (pid_ > 0 && !spawned_) receive_one(true);
    if (!spawned_) continue;
    if (*spawned_ < 0) throw std::system_error(-*spawned_, std::generic_category(), "cannot fork");
    children_.push_back(*spawned_);
    return *spawned_;
  }
  throw std::runtime_error("the process that forks workers was killed twice");
}

std::optional<Zygote::Exit> Zygote::next_exit() {
  while (pid_ > 0 && exits_.empty() && receive_one(false)) {
  }
  if (exits_.empty()) return std::nullopt;
  const Exit exit = exits_.front();
  exits_.pop_front();
  return exit;
}

bool Zygote::receive_one(bool wait) {
  Report message{};
  const ssize_t count = ::recv(control_.get(), &message, sizeof message, wait ? 0 : MSG_DONTWAIT);
  if (count < 0 && errno == EINTR) return true;
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  if (count != sizeof message) {
    on_zygote_death();
    return false;
  }
  if (message.kind == Report::Kind::spawned) {
    spawned_ = message.value;
  } else if (const auto child = std::find(children_.begin(), children_.end(), message.value);
             child != children_.end()) {
    children_.erase(child);  // others are orphans that the zygote inherited
    exits_.push_back({message.value, message.status});
  }
  return true;
}

void Zygote::on_zygote_death() {
  for (const pid_t child : children_) {
    ::kill(child, SIGKILL);  // on its way already, by the parent-death signal
    exits_.push_back({child, SIGKILL});
  }
  children_.clear();
  control_.close();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace windrow::exec
