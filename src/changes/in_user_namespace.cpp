#include "changes/in_user_namespace.hpp"

#include "changes/messages.hpp"
#include "sys/fd.hpp"
#include "sys/program.hpp"
#include "sys/syscalls.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace sandbox::changes {
namespace {

constexpr const char* cannot = "cannot work with the ids of the runs: ";

struct Pipe {
    sys::UniqueFd reading;
    sys::UniqueFd writing;
};

Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) {
        throw Error(std::string(cannot) + "pipe2: " + std::strerror(errno));
    }
    return {sys::above_streams(ends[0]), sys::above_streams(ends[1])};
}

bool is_own(const std::vector<IdRange>& ranges, std::uint32_t id) {
    return std::ranges::all_of(ranges, [&](const IdRange& range) { return range.outside == id && range.count == 1; });
}

// The ids outside, each as itself; the caller's own always.
std::vector<IdRange> to_themselves(const std::vector<IdRange>& ranges, std::uint32_t own) {
    std::vector<IdRange> result;
    bool has_own = false;
    for (const IdRange& range : ranges) {
        result.push_back({range.outside, range.outside, range.count});
        has_own = has_own || (own >= range.outside && own - range.outside < range.count);
    }
    if (!has_own) {
        result.push_back({own, own, 1});
    }
    std::ranges::sort(result, {}, &IdRange::inside);
    return result;
}

bool write_file(const std::string& path, const std::string& text) {
    const sys::UniqueFd file(sys::above_streams(::open(path.c_str(), O_WRONLY | O_CLOEXEC)));
    return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Returns what went wrong.
std::string write_map(pid_t process, const char* name, const char* helper, const std::vector<IdRange>& ranges,
                      std::uint32_t own) {
    const std::string file = "/proc/" + std::to_string(process) + "/" + name;
    if (is_own(ranges, own)) {
        const std::string number = std::to_string(own);
        return write_file(file, number + " " + number + " 1") ? "" : file + ": " + std::strerror(errno);
    }
    std::vector<std::string> arguments = {std::to_string(process)};
    for (const IdRange& range : ranges) {
        for (const std::uint32_t number : {range.inside, range.outside, range.count}) {
            arguments.push_back(std::to_string(number));
        }
    }
    try {
        const std::optional<sys::ProgramResult> result = sys::run_program(helper, arguments);
        if (!result) {
            return std::string("there is no ") + helper;
        }
        char first = 0;
        const sys::UniqueFd map(sys::above_streams(::open(file.c_str(), O_RDONLY | O_CLOEXEC)));
        return map && ::read(map.get(), &first, 1) == 1 ? "" : std::string(helper) + ": " + result->errors;
    } catch (const std::system_error& error) {
        return error.what();
    }
}

std::string write_maps(pid_t process, const Record& record) {
    const std::vector<IdRange> groups = to_themselves(record.groups, ::getegid());
    // Where all groups are the caller's own, that is what the kernel asks for (user_namespaces(7)).
    if (is_own(groups, ::getegid()) && !write_file("/proc/" + std::to_string(process) + "/setgroups", "deny")) {
        return std::string("setgroups: ") + std::strerror(errno);
    }
    std::string wrong =
        write_map(process, "uid_map", "newuidmap", to_themselves(record.users, ::geteuid()), ::geteuid());
    return wrong.empty() ? write_map(process, "gid_map", "newgidmap", groups, ::getegid()) : wrong;
}

/// Writes messages, in lumps.
class Sender {
  public:
    explicit Sender(int descriptor) : descriptor_(descriptor) {}
    void send(const std::string& message, bool now = false) {
        text_ += message;
        if (!now && text_.size() < 16384) {
            return;
        }
        for (std::size_t done = 0; done < text_.size();) {
            const ssize_t got = ::write(descriptor_, text_.data() + done, text_.size() - done);
            if (got < 0 && errno != EINTR) {
                ::_exit(1);  // nobody listens any more
            }
            done += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
        }
        text_.clear();
    }

  private:
    int descriptor_;
    std::string text_;
};

[[noreturn]] void work_and_exit(int output, const std::function<void(const ChangeListener&)>& work) {
    Sender sender(output);
    ChangeListener listener;
    listener.change = [&](const Change& change) { sender.send(message_of(change)); };
    listener.note = [&](const ChangeNote& note) { sender.send(message_of(note)); };
    listener.progress = [&](const ChangeProgress& progress) { sender.send(message_of(progress), true); };
    try {
        work(listener);
        sender.send(end_message(), true);
    } catch (const Error& error) {
        sender.send(message_of(error), true);
    } catch (const std::exception& error) {
        sender.send(message_of(Error(error.what())), true);
    }
    ::_exit(0);
}

/// The copy of this process. Whoever lets go of it ends it.
class Worker {
  public:
    explicit Worker(const std::function<void(const ChangeListener&)>& work)
        : order_(make_pipe()), output_(make_pipe()), parent_(::getpid()) {
        pid_ = ::fork();
        if (pid_ < 0) {
            throw Error(std::string(cannot) + "fork: " + std::strerror(errno));
        }
        if (pid_ == 0) {
            run(work);
        }
        order_.reading.reset();
        output_.writing.reset();
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() {
        ::kill(pid_, SIGKILL);  // it is not reaped yet
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
    }

    /// Waits until it is in its user namespace; returns the errno of what kept it from that.
    int await() {
        int error = 0;
        return ::read(output_.reading.get(), &error, sizeof error) == sizeof error ? error : EIO;
    }
    [[nodiscard]] pid_t pid() const { return pid_; }
    void listen(const ChangeListener& listener) {
        const char go = 1;
        (void)!::write(order_.writing.get(), &go, 1);
        std::string text;
        std::vector<char> chunk(65536);
        for (;;) {
            const ssize_t got = ::read(output_.reading.get(), chunk.data(), chunk.size());
            if (got == 0 || (got < 0 && errno != EINTR)) {
                throw Error("the process that did the work was killed").with_fix("run it again: it goes on from there");
            }
            text.append(chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
            if (take_messages(text, listener)) {
                return;
            }
        }
    }

  private:
    [[noreturn]] void run(const std::function<void(const ChangeListener&)>& work) {
        order_.writing.reset();
        output_.reading.reset();
        ::signal(SIGPIPE, SIG_IGN);
        const int error = ::unshare(CLONE_NEWUSER) < 0 ? errno : 0;
        // After it: a change of credentials takes it off.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        char go = 0;
        if (::write(output_.writing.get(), &error, sizeof error) != sizeof error ||
            ::read(order_.reading.get(), &go, 1) != 1 || ::getppid() != parent_) {
            ::_exit(1);
        }
        work_and_exit(output_.writing.get(), work);
    }

    Pipe order_;
    Pipe output_;
    pid_t parent_;
    pid_t pid_ = -1;
};

}  // namespace

void with_ids_of(const Record& record, const ChangeListener& listener,
                 const std::function<void(const ChangeListener&)>& work) {
    if (::geteuid() == 0) {
        work(listener);
        return;
    }
    Worker worker(work);
    const int error = worker.await();
    const std::string wrong =
        error != 0 ? std::string("unshare: ") + std::strerror(error) : write_maps(worker.pid(), record);
    if (wrong.empty()) {
        worker.listen(listener);
    } else if (is_own(record.users, ::geteuid()) && is_own(record.groups, ::getegid())) {
        work(listener);
    } else {
        throw Error(cannot + wrong)
            .with_fix("the ids are those that /etc/subuid and /etc/subgid granted when the runs were made");
    }
}

int dress_for(const Record& record, int directory, const Attributes& attributes) {
    struct stat now {};
    const bool own = ::fstat(directory, &now) == 0 && now.st_uid == attributes.uid && now.st_gid == attributes.gid;
    const auto dress = [&] {
        return (!own && ::fchown(directory, attributes.uid, attributes.gid) < 0) ||
                       ::fchmod(directory, attributes.mode) < 0
                   ? errno
                   : 0;
    };
    const int error = dress();
    if (own || error != EPERM) {
        return error;
    }
    with_ids_of(record, {}, [&](const ChangeListener&) {
        if (const int again = dress(); again != 0) {
            throw Error(std::string(cannot) + std::strerror(again));
        }
    });
    return 0;
}

}  // namespace sandbox::changes
