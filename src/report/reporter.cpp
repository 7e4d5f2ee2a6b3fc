#include "report/reporter.hpp"

#include "limits/watch.hpp"
#include "report/descriptor.hpp"
#include "spec/escape.hpp"
#include "spec/paths.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sandbox::report {
namespace {

Error cannot(const std::string& path, const std::string& why) {
    return Error("--report " + spec::escaped(path) + ": " + why);
}

std::string random_name(const std::string& name) {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof number)) {
        number = static_cast<std::uint64_t>(limits::now().count());
    }
    constexpr std::size_t most = 200;  // of the 255 bytes of a name
    return "." + name.substr(0, most) + "." + std::to_string(number);
}

// A file without a name yet, or where the file system has none such, with that name.
sys::UniqueFd make_file(int directory, const std::string& name, bool& has_name) {
    sys::UniqueFd file(::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
    if (!file && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        file = sys::UniqueFd(
            ::openat(directory, name.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0666));
        has_name = static_cast<bool>(file);
    }
    return file;
}

int give_name(int file, int directory, const std::string& name) {
    const std::string self = "/proc/self/fd/" + std::to_string(file);
    return ::linkat(AT_FDCWD, self.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) < 0 ? errno : 0;
}

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string real_path(const std::string& path) {
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), &::free);
    return real ? real.get() : "";
}

// It holds what runs have changed, and is discarded only if there is nothing else in it.
void refuse_among_changes(const std::string& path, const std::string& changes) {
    const std::string kept = real_path(changes);
    const std::string directory = real_path(directory_of(path));
    if (!kept.empty() && !directory.empty() && spec::is_below_or_same(directory, kept)) {
        throw cannot(path, "it would be in the directory of --changes " + spec::escaped(changes))
            .with_fix("a file beside it");
    }
}

}  // namespace

std::shared_ptr<Reporter> Reporter::open(const Spec& spec) {
    if (!spec.report && !spec.report_descriptor) {
        return nullptr;
    }
    std::shared_ptr<Reporter> reporter(new Reporter());
    reporter->begin_ = reporter->last_ = limits::now();
    reporter->report_.start = std::chrono::system_clock::now();
    reporter->report_.command = spec.command.empty() ? std::vector<std::string>{"/bin/sh"} : spec.command;
    reporter->report_.name = spec.name;
    reporter->report_.limits = spec.limits;
    // 0, 1 and 2 are refused when the plan is made, and are not to get the report of that.
    if (spec.report_descriptor.value_or(0) > STDERR_FILENO) {
        keep_for_writing("--report-fd " + std::to_string(*spec.report_descriptor), *spec.report_descriptor);
        reporter->descriptor_ = spec.report_descriptor;
    }
    if (spec.report && spec.changes) {
        refuse_among_changes(*spec.report, *spec.changes);
    }
    if (spec.report) {
        reporter->open_directory(*spec.report);
    }
    return reporter;
}

void Reporter::open_directory(const std::string& path) {
    path_ = path;
    const std::size_t slash = path.rfind('/');
    directory_path_ = directory_of(path);
    name_ = slash == std::string::npos ? path : path.substr(slash + 1);
    if (name_.empty() || name_ == "." || name_ == ".." || path.find('\0') != std::string::npos) {
        throw cannot(path, "not the name of a file").with_fix("--report FILE");
    }
    start_ = sys::above_streams(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    directory_ = sys::above_streams(::open(directory_path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    // To be told now is better than after hours.
    const std::string other_name = random_name(name_);
    bool has_name = false;
    const bool possible = directory_ && make_file(directory_.get(), other_name, has_name);
    const int error = errno;
    if (has_name) {
        ::unlinkat(directory_.get(), other_name.c_str(), 0);
    }
    if (!possible) {
        throw cannot(path, "no file can be made there: " + std::string(std::strerror(error)))
            .with_fix("a file in a directory that can be written to");
    }
    struct stat entry {};
    if (::fstatat(directory_.get(), name_.c_str(), &entry, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(entry.st_mode)) {
            throw cannot(path, "it is there, and not a regular file")
                .with_fix("another file, or --report-fd N for what is open already");
        }
        // Whoever finds one afterwards must not take it for this run's.
        if (::unlinkat(directory_.get(), name_.c_str(), 0) < 0) {
            throw cannot(path, "the one of before cannot be replaced: " + std::string(std::strerror(errno)));
        }
    }
}

void Reporter::phase(const char* name) {
    const std::chrono::nanoseconds now = limits::now();
    report_.setup.push_back({name, now - last_});
    last_ = now;
}

void Reporter::ended(const Outcome& outcome, const Usage& usage) noexcept {
    report_.ended = outcome;
    report_.usage = usage;
    write();
}

void Reporter::failed(const Error& error) noexcept {
    try {
        report_.failed = error;
        report_.usage.wall = limits::now() - begin_;
    } catch (const std::exception&) {  // out of memory
        return;
    }
    write();
}

bool Reporter::is_moved() const {
    struct stat here {};
    struct stat there {};
    return ::fstat(directory_.get(), &here) < 0 || ::fstatat(start_.get(), directory_path_.c_str(), &there, 0) < 0 ||
           here.st_dev != there.st_dev || here.st_ino != there.st_ino;
}

void Reporter::write_file(const std::string& text) {
    const std::string other_name = random_name(name_);
    bool has_name = false;
    const sys::UniqueFd file = make_file(directory_.get(), other_name, has_name);
    int error = file ? write_all(file.get(), text) : errno;
    if (error == 0 && ::fsync(file.get()) < 0 && errno != EINVAL && errno != EROFS) {
        error = errno;
    }
    // Without a name it can take one that is free; to take the place of what is there it needs another one first.
    if (error == 0 && !has_name) {
        error = give_name(file.get(), directory_.get(), name_);
        if (error == 0) {
            return;
        }
        error = give_name(file.get(), directory_.get(), other_name);
        has_name = error == 0;
    }
    if (error == 0 && ::renameat(directory_.get(), other_name.c_str(), directory_.get(), name_.c_str()) < 0) {
        error = errno;
    }
    if (error != 0) {
        if (has_name) {
            ::unlinkat(directory_.get(), other_name.c_str(), 0);
        }
        throw cannot(path_, std::string("it cannot be written: ") + std::strerror(error));
    }
}

void Reporter::write() noexcept {
    if (std::exchange(written_, true)) {
        return;
    }
    try {
        const std::string text = report::write(report_);
        if (descriptor_) {
            if (const int error = write_all(*descriptor_, text); error != 0 && error != EPIPE) {
                problem_ = Error("--report-fd " + std::to_string(*descriptor_) +
                                 ": it cannot be written: " + std::strerror(error));
            }
        }
        if (directory_) {
            write_file(text);
            if (is_moved()) {
                throw cannot(path_,
                             "while the command ran, its directory was moved; what is there now is not the report")
                    .with_fix("a file in a directory above which the command may not write");
            }
        }
    } catch (const Error& error) {
        problem_ = error;
    } catch (const std::exception&) {
        problem_.emplace("the report cannot be written: out of memory");
    }
}

}  // namespace sandbox::report
