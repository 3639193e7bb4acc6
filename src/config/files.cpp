// Files that configurations name: where they are looked for, and the digest of their content.
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <span>

#include "windrow/config/keys.hpp"

namespace windrow::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScheme = "file:";
constexpr std::size_t kDigits = 32;

/// "file:DIGEST:PATH", as canonical text has it.
std::optional<FileRef> parse_reference(std::string_view text) {
  if (!text.starts_with(kScheme) || text.size() <= kScheme.size() + kDigits || text[kScheme.size() + kDigits] != ':')
    return std::nullopt;
  const std::string_view digits = text.substr(kScheme.size(), kDigits);
  if (digits.find_first_not_of("0123456789abcdef") != digits.npos) return std::nullopt;
  return FileRef{std::string(text.substr(kScheme.size() + kDigits + 1)), Digest128::from_hex(digits)};
}

struct Stamp {
  std::int64_t size = 0, seconds = 0, nanoseconds = 0;
  bool operator==(const Stamp&) const = default;
};

/// Digest of a file's content; none and the reason in `why` if it cannot be read. A file that has not changed since
/// this process last read it is not read again: the points of a large sweep all name the same few files.
std::optional<Digest128> digest_of(const std::string& path, std::string& why) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    why = std::strerror(errno);
    return std::nullopt;
  }
  if (!S_ISREG(status.st_mode)) {
    why = S_ISDIR(status.st_mode) ? "is a folder" : "is no ordinary file";
    return std::nullopt;
  }
  const Stamp stamp{status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  static std::mutex mutex;
  static std::map<std::string, std::pair<Stamp, Digest128>> known;
  const std::lock_guard lock(mutex);
  if (const auto entry = known.find(path); entry != known.end() && entry->second.first == stamp)
    return entry->second.second;

  errno = 0;
  std::ifstream file(path, std::ios::binary);
  Sha512 hash;
  std::string block(1 << 16, '\0');
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    hash.update(std::string_view(block).substr(0, static_cast<std::size_t>(file.gcount())));
  }
  if (!file.eof()) {
    why = std::strerror(errno);
    return std::nullopt;
  }
  const Digest128 digest = hash.finish128();
  known[path] = {stamp, digest};
  return digest;
}

}  // namespace

std::vector<std::string> data_folders() {
  std::vector<std::string> folders;
  if (const char* chosen = std::getenv("WINDROW_DATA"); chosen != nullptr && *chosen != '\0')
    folders.emplace_back(chosen);
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) folders.push_back((program.parent_path().parent_path() / "share" / "windrow").string());
#ifdef WINDROW_DATA_FOLDER
  folders.emplace_back(WINDROW_DATA_FOLDER);
#endif
  return folders;
}

std::optional<std::string> find_file(std::string_view path, const Position& position, std::string& why) {
  const bool in_file = position.line > 0 && position.source;
  const fs::path beside = in_file ? fs::path(*position.source).parent_path() : fs::path();
  std::vector<fs::path> places;
  std::error_code error;
  places.push_back(fs::absolute(beside / path, error).lexically_normal());
  if (fs::path(path).is_relative())
    for (const std::string& folder : data_folders())
      places.push_back((fs::absolute(folder, error) / path).lexically_normal());
  why.clear();
  for (const fs::path& place : places) {
    if (fs::exists(place, error)) return place.string();
    if (why.find(place.string()) != why.npos) continue;
    why += (why.empty() ? "" : ", ") + place.string();
  }
  return std::nullopt;
}

std::string present_path(const FileRef& file) {
  std::error_code error;
  if (fs::exists(file.path, error)) return file.path;
  for (const std::string& folder : data_folders())
    for (fs::path rest = fs::path(file.path).relative_path(); !rest.empty();
         rest = rest.lexically_relative(*rest.begin())) {
      std::string why;
      std::string place = (fs::path(folder) / rest).string();
      if (digest_of(place, why) == file.digest) return place;
      if (rest == *rest.begin()) break;
    }
  return file.path;
}

std::string Schema::changed_file(const Tree& resolved) const {
  static const std::string one = detail::Value<FileRef>::type(), several = detail::Value<std::vector<FileRef>>::type();
  for (const KeyInfo& key : keys_) {
    if (key.type != one && key.type != several) continue;
    const Node* node = resolved.find(key.path);
    if (node == nullptr) continue;
    const std::span<const Node> values = node->kind == Node::Kind::list ? std::span(node->items) : std::span(node, 1);
    for (const Node& value : values) {
      const std::optional<FileRef> reference = parse_reference(value.text);
      if (!reference) continue;
      std::string why;
      const std::optional<Digest128> digest = digest_of(present_path(*reference), why);
      if (!digest) return fmt::format("{}: {} cannot be read: {}", key.path, reference->path, why);
      if (*digest != reference->digest)
        return fmt::format("{}: {} has changed since this point was made", key.path, reference->path);
    }
  }
  return "";
}

namespace detail {

std::string without_data_folder(const std::string& path) {
  for (const std::string& folder : data_folders())
    if (path.starts_with(folder + "/")) return path.substr(folder.size() + 1);
  return path;
}

std::string Value<FileRef>::type() {
  return "file";
}
std::string Value<FileRef>::types() {
  return "files";
}

bool Value<FileRef>::read(const Node& node, FileRef& value, const Limit&, Faults& faults) {
  const auto fault = [&](std::string text) {
    faults.push_back({&node, "", std::move(text)});
    return false;
  };
  if (node.kind != Node::Kind::scalar || node.text.empty())
    return fault("expected the name of a file, found " + found(node));
  if (std::optional<FileRef> reference = parse_reference(node.text)) {
    value = std::move(*reference);
    return true;
  }
  std::string why;
  const std::optional<std::string> path = find_file(node.text, node.position, why);
  if (!path) return fault(fmt::format("no file {} (looked for {})", found(node), why));
  const std::optional<Digest128> digest = digest_of(*path, why);
  if (!digest) return fault(fmt::format("{} cannot be read: {}", *path, why));
  value = {*path, *digest};
  return true;
}

void Value<FileRef>::write(std::string& out, const FileRef& value) {
  out += windrow::quoted(fmt::format("{}{}:{}", kScheme, value.digest.hex(), value.path));
}

// There is no such thing as an arbitrary file: the default stays.
void Value<FileRef>::draw(Draws&, FileRef&, const Limit&) {}

}  // namespace detail
}  // namespace windrow::config
