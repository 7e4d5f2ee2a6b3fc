// What is made inside alone: --dir, --symlink, --file, --data, --device; and sockets, which are granted by showing
// them.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

using sandbox::sys::UniqueFd;

class ViewMade : public SandboxTest {
  protected:
    [[nodiscard]] Result in_directory(const std::string& script, std::vector<std::string> options,
                                      std::map<int, int> descriptors = {}) const {
        options.insert(options.end(), {"--cwd", "/"});
        RunOptions how{.sandbox = std::move(options), .directory = directory().path()};
        how.descriptors = std::move(descriptors);
        return inside_shell(script, how);
    }
};

/// The read end of a pipe that holds `text`, and its end.
UniqueFd pipe_with(const std::string& text) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    EXPECT_EQ(write(writer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    return reader;
}

TEST_F(ViewMade, Directories) {
    const Result result = in_directory(
        "stat -c '%a %F' /opt/new/deep /run/app /tmp/x; rmdir /opt/new/deep; touch /run/app/a /tmp/x/a && echo made",
        {"--dir", "/opt/new/deep:mode=0710", "--dir", "/run/app:mode=0700", "--dir", "/tmp/x", "--dir", "/etc"});
    EXPECT_EQ(result.out, "710 directory\n700 directory\n755 directory\nmade\n") << result;
    EXPECT_TRUE(contains(result.err, "Read-only file system")) << result;
    EXPECT_FALSE(std::filesystem::exists("/opt/new"));
}

TEST_F(ViewMade, SymbolicLinks) {
    write_file(directory() / "file", "text\n");
    const Result result = in_directory(
        "readlink /opt/link /tmp/a/b /tmp/self; cat /opt/link; rm /tmp/a/b && echo removed",
        {"--symlink", "/etc/passwd:/opt/link", "--symlink", "../nowhere:/tmp/a/b", "--symlink", R"(a\:b:/tmp/self)"});
    EXPECT_TRUE(result.out.starts_with("/etc/passwd\n../nowhere\na:b\nroot:")) << result;
    EXPECT_TRUE(result.out.ends_with("removed\n")) << result;
}

// A later target may go through a link that was made before.
TEST_F(ViewMade, ALinkLeadsLaterTargets) {
    write_file(directory() / "file", "text\n");
    const Result result = in_directory("cat /run/real/file", {"--dir", "/run/real", "--symlink", "/run/real:/run/link",
                                                              "--ro", "file:/run/link/file"});
    EXPECT_EQ(result.out, "text\n") << result;
}

TEST_F(ViewMade, Copies) {
    write_file(directory() / "file", "first\n");
    ASSERT_EQ(chmod((directory() / "file").c_str(), 0751), 0);
    const std::vector<std::string> options{"--file", "file:/etc/new.conf", "--file",  "file:/etc/passwd:mode=0604",
                                           "--file", "file:/tmp/copy",     "--tmpfs", "/srv",
                                           "--file", "file:/srv/a/copy"};
    const Result result = in_directory(
        "stat -c %a /etc/new.conf /etc/passwd /tmp/copy /srv/a/copy; cat /etc/passwd /srv/a/copy; "
        "echo more >> /tmp/copy; cat /tmp/copy; rm /tmp/copy && echo removed; echo x >> /etc/new.conf; "
        "echo x >> /etc/passwd",
        options);
    EXPECT_EQ(result.out, "751\n604\n751\n751\nfirst\nfirst\nfirst\nmore\nremoved\n") << result;
    EXPECT_EQ(count(result.err, "Read-only file system"), 2U) << result;
    EXPECT_EQ(read_file(directory() / "file"), "first\n");
}

TEST_F(ViewMade, ACopyIsOneNotTheFile) {
    write_file(directory() / "file", "before\n");
    Running running =
        start_inside({"sh", "-c", "echo up; read line; cat /run/copy"},
                     {.sandbox = {"--file", directory() / "file:/run/copy"}, .input = "", .keep_input_open = true});
    running.expect("up\n");
    write_file(directory() / "file", "after\n");
    running.write("\n");
    running.close_input();
    EXPECT_TRUE(running.wait().out.ends_with("before\n"));
}

TEST_F(ViewMade, OfRegularFilesAlone) {
    ASSERT_EQ(mkfifo((directory() / "fifo").c_str(), 0600), 0);
    ASSERT_EQ(mkdir((directory() / "dir").c_str(), 0700), 0);
    write_file(directory() / "closed", "secret\n");
    ASSERT_EQ(chmod((directory() / "closed").c_str(), 0), 0);
    for (const std::string source : {"fifo", "dir", "/dev/zero", "/dev/null", "none", "/proc/self/environ"}) {
        const Result result = in_directory("echo ran", {"--file", source + ":/run/x"});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(result.err.starts_with("sandbox: --file " + source + ":/run/x: cannot ")) << result;
    }
    const Result closed = in_directory("cat /run/x", {"--file", "closed:/run/x"});
    if (geteuid() != 0) {
        EXPECT_TRUE(contains(closed.err, "cannot read") && contains(closed.err, "Permission denied")) << closed;
    } else {
        EXPECT_TRUE(contains(closed.err, "Permission denied") || closed.out == "secret\n") << closed;
    }
}

TEST_F(ViewMade, TooLargeIsAnErrorNotACut) {
    const std::string large = directory() / "large";
    write_file(large, "");
    ASSERT_EQ(truncate(large.c_str(), (64 << 20) + 1), 0);
    const Result result = in_directory("echo ran", {"--file", "large:/run/x"});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(contains(result.err, "64 MiB")) << result;
    ASSERT_EQ(truncate(large.c_str(), 64 << 20), 0);
    EXPECT_EQ(in_directory("stat -c %s /run/x", {"--file", "large:/run/x"}).out, "67108864\n");
}

TEST_F(ViewMade, DataFromADescriptor) {
    const UniqueFd secret = pipe_with("secret\n");
    const UniqueFd other = pipe_with(std::string("a\0b", 3));
    const Result result = in_directory(
        "cat /run/app/token; stat -c %a /run/app/token; stat -c '%a %s' /etc/other; ls /proc/self/fd | wc -l",
        {"--data", "7:/run/app/token:mode=0400", "--data", "8:/etc/other"}, {{7, secret.get()}, {8, other.get()}});
    // 0, 1, 2 and that of ls itself.
    EXPECT_EQ(result.out, "secret\n400\n644 3\n4\n") << result;
}

TEST_F(ViewMade, DataThatCannotBeRead) {
    EXPECT_TRUE(in_directory("echo ran", {"--data", "99:/run/x"})
                    .err.starts_with("sandbox: --data 99:/run/x: cannot read descriptor 99: Bad file descriptor\n"));
    const UniqueFd place(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Result result = in_directory("echo ran", {"--data", "7:/run/x"}, {{7, place.get()}});
    EXPECT_TRUE(contains(result.err, "cannot read descriptor 7: Is a directory")) << result;
    EXPECT_EQ(result.exit_status, 125);
}

// Of --explain the descriptor is none of its business.
TEST_F(ViewMade, ExplainReadsNothing) {
    const UniqueFd secret = pipe_with("secret\n");
    RunOptions how{.descriptors = {{7, secret.get()}}};
    const Result result = run({sandbox_binary(), "--explain", "--data", "7:/run/x", "--", "true"}, how);
    EXPECT_TRUE(contains(result.out, "from descriptor 7")) << result;
    char text[8];
    EXPECT_EQ(read(secret.get(), text, sizeof text), 7);
}

TEST_F(ViewMade, ADeviceIsOneAndNothingElse) {
    const Result result = in_directory(
        "echo text > /dev/null2 && head -c 1 /opt/zero | wc -c; grep -c ' /dev/null2 .*nodev' /proc/self/mountinfo; "
        "chmod 0 /dev/null2",
        {"--device", "/dev/null:/dev/null2", "--device", "/dev/zero:/opt/zero", "--device-try", "/dev/no-such-device"});
    EXPECT_EQ(result.out, "1\n0\n") << result;
    EXPECT_TRUE(contains(result.err, "chmod")) << result;
    const Result full = in_directory("dd if=/dev/zero of=/dev/full2 count=1", {"--device", "/dev/full:/dev/full2"});
    EXPECT_TRUE(contains(full.err, "No space left")) << full;
}

// The doors to the caller's daemons are sockets with a path.
class ViewSockets : public ViewMade {
  protected:
    static UniqueFd listen_at(const std::string& path) {
        UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        EXPECT_LT(path.size(), sizeof address.sun_path);
        path.copy(static_cast<char*>(address.sun_path), path.size());
        EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(listener.get(), 4), 0);
        return listener;
    }
    static constexpr const char* connects =
        "python3 -c 'import os,socket,sys\ns=socket.socket(socket.AF_UNIX)\ntry:\n s.connect(sys.argv[1])\n "
        "print(\"connected\")\nexcept OSError as e:\n print(e.strerror)' ";
};

TEST_F(ViewSockets, AreNotReachableUnlessShown) {
    const std::string path = directory() / "agent";
    const UniqueFd listener = listen_at(path);
    EXPECT_EQ(inside_shell(connects + path, {.set = {{"XDG_RUNTIME_DIR", directory().path()}}}).out,
              "No such file or directory\n");
    for (const char* option : {"--ro", "--rw"}) {
        const Result result = inside_shell(connects + std::string("\"$SSH_AUTH_SOCK\""),
                                           {.sandbox = {"--net", "host", option, path, "--env", "SSH_AUTH_SOCK"},
                                            .set = {{"SSH_AUTH_SOCK", path}, {"XDG_RUNTIME_DIR", directory().path()}}});
        EXPECT_EQ(result.out, "connected\n") << result;
    }
    EXPECT_EQ(inside_shell(connects + std::string("/run/x"), {.sandbox = {"--rw", path + ":/run/x"}}).out,
              "connected\n");
}

}  // namespace
}  // namespace sandbox_test
