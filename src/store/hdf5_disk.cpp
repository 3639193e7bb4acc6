#include "store/hdf5_disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

#include "store/file.hpp"

namespace windrow::store::hdf5 {
namespace {

std::string last_failure;  // guarded by lock_library()

/// HDF5 looks at the first part only.
struct DiskFile : H5FD_t {
  Descriptor descriptor;
  struct stat identity {};
  haddr_t end_allocated = 0, end_written = 0;
  std::string failure;

  void fail(const char* what) {
    if (failure.empty()) failure = fmt::format("file {} failed: {}", what, std::strerror(errno));
  }
};

DiskFile& of(H5FD_t* file) {
  return *static_cast<DiskFile*>(file);
}
const DiskFile& of(const H5FD_t* file) {
  return *static_cast<const DiskFile*>(file);
}

H5FD_t* open_disk_file(const char* name, unsigned flags, hid_t /*access*/, haddr_t /*most*/) {
  int how = (flags & H5F_ACC_RDWR) != 0 ? O_RDWR : O_RDONLY;
  if ((flags & H5F_ACC_TRUNC) != 0) how |= O_TRUNC;
  if ((flags & H5F_ACC_CREAT) != 0) how |= O_CREAT;
  if ((flags & H5F_ACC_EXCL) != 0) how |= O_EXCL;
  auto file = std::make_unique<DiskFile>();
  file->descriptor = Descriptor(::open(name, how | O_CLOEXEC, 0666));
  if (file->descriptor.get() < 0 || ::fstat(file->descriptor.get(), &file->identity) != 0) {
    last_failure = std::strerror(errno);
    return nullptr;
  }
  last_failure.clear();
  file->end_written = static_cast<haddr_t>(file->identity.st_size);
  return file.release();
}

herr_t close_disk_file(H5FD_t* file) {
  const std::unique_ptr<DiskFile> owned(static_cast<DiskFile*>(file));
  last_failure = owned->failure;
  return 0;
}

int compare(const H5FD_t* a, const H5FD_t* b) {
  const auto key = [](const H5FD_t* file) { return std::pair(of(file).identity.st_dev, of(file).identity.st_ino); };
  return key(a) < key(b) ? -1 : key(b) < key(a) ? 1 : 0;
}

herr_t query(const H5FD_t* /*file*/, unsigned long* flags) {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
  return 0;
}

haddr_t end_allocated(const H5FD_t* file, H5FD_mem_t /*type*/) {
  return of(file).end_allocated;
}

herr_t set_end_allocated(H5FD_t* file, H5FD_mem_t /*type*/, haddr_t end) {
  of(file).end_allocated = end;
  return 0;
}

haddr_t end_written(const H5FD_t* file, H5FD_mem_t /*type*/) {
  return of(file).end_written;
}

herr_t handle_of(H5FD_t* file, hid_t /*access*/, void** handle) {
  *handle = file;
  return 0;
}

// Beyond the end of the file there are zeros.
herr_t read(H5FD_t* file, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t at, std::size_t size, void* buffer) {
  auto* bytes = static_cast<char*>(buffer);
  while (size > 0) {
    const ssize_t got = ::pread(of(file).descriptor.get(), bytes, size, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    bytes += got;
    at += static_cast<haddr_t>(got);
    size -= static_cast<std::size_t>(got);
  }
  std::memset(bytes, 0, size);
  return 0;
}

herr_t write(H5FD_t* file, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t at, std::size_t size, const void* buffer) {
  DiskFile& disk = of(file);
  const auto* bytes = static_cast<const char*>(buffer);
  const haddr_t end = at + size;
  while (size > 0 && disk.failure.empty()) {
    const ssize_t put = ::pwrite(disk.descriptor.get(), bytes, size, static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      disk.fail("write");
      break;
    }
    bytes += put;
    at += static_cast<haddr_t>(put);
    size -= static_cast<std::size_t>(put);
  }
  disk.end_written = std::max(disk.end_written, end);
  return 0;
}

herr_t truncate(H5FD_t* file, hid_t /*transfer*/, hbool_t /*closing*/) {
  DiskFile& disk = of(file);
  if (disk.end_allocated == disk.end_written) return 0;
  if (disk.failure.empty() && ::ftruncate(disk.descriptor.get(), static_cast<off_t>(disk.end_allocated)) != 0)
    disk.fail("truncation");
  disk.end_written = disk.end_allocated;
  return 0;
}

H5FD_class_t driver_class() {
  H5FD_class_t driver{};
  driver.name = "windrow disk";
  driver.maxaddr = static_cast<haddr_t>(INT64_MAX);
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.open = open_disk_file;
  driver.close = close_disk_file;
  driver.cmp = compare;
  driver.query = query;
  driver.get_eoa = end_allocated;
  driver.set_eoa = set_end_allocated;
  driver.get_eof = end_written;
  driver.get_handle = handle_of;
  driver.read = read;
  driver.write = write;
  driver.truncate = truncate;
  constexpr H5FD_mem_t kMap[] = H5FD_FLMAP_DICHOTOMY;  // metadata and raw data in blocks of their own
  std::copy(std::begin(kMap), std::end(kMap), std::begin(driver.fl_map));
  return driver;
}

}  // namespace

void write_through_disk_driver(hid_t access) {
  static const H5FD_class_t driver = driver_class();
  static const hid_t registered = H5FDregister(&driver);
  H5Pset_driver(access, registered, nullptr);
}

std::string disk_failure(hid_t file) {
  void* handle = nullptr;
  if (H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0) return "";
  return static_cast<DiskFile*>(handle)->failure;
}

const std::string& last_disk_failure() {
  return last_failure;
}

}  // namespace windrow::store::hdf5
