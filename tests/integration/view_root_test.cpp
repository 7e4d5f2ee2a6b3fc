// --root DIR: a tree of its own, here one of busybox and nothing else.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "support/namespaces.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class ViewRoot : public SandboxTest {
  protected:
    void SetUp() override {
        SandboxTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        ASSERT_EQ(mkdir(tree().c_str(), 0755), 0);
        ASSERT_EQ(mkdir((tree() + "/bin").c_str(), 0755), 0);
        const std::string busybox = trimmed(run({"sh", "-c", "command -v busybox"}).out);
        ASSERT_NE(busybox, "") << "busybox-static has to be installed";
        std::filesystem::copy_file(busybox, tree() + "/bin/busybox");
        for (const std::string& name : words_of(run({busybox, "--list"}).out)) {
            if (name != "busybox") {
                std::filesystem::create_symlink("busybox", tree() + "/bin/" + name);
            }
        }
    }
    [[nodiscard]] std::string tree() const { return directory() / "tree"; }
    // In the tree, from a directory that would otherwise be shown.
    [[nodiscard]] Result in_tree(const std::string& script, const std::vector<std::string>& more = {}) const {
        RunOptions options{.sandbox = {"--root", tree()}, .directory = directory().path()};
        options.sandbox.insert(options.sandbox.end(), more.begin(), more.end());
        return inside_shell(script, options);
    }
};

TEST_F(ViewRoot, TheHomeAndTheCurrentDirectory) {
    const Result result = in_tree("echo $HOME; pwd; echo $PWD; echo text > $HOME/x && cat $HOME/x; ls -A $HOME");
    EXPECT_EQ(result.out, "/root\n/\n/\ntext\nx\n") << result;
    EXPECT_FALSE(std::filesystem::exists(tree() + "/root/x"));
}

TEST_F(ViewRoot, WithoutDirectoriesToMountOn) {
    const Result result = in_tree("ls -A /");
    EXPECT_EQ(result.out, "bin\ndev\nproc\nroot\nrun\nsys\ntmp\n") << result;
    std::vector<std::string> on_host;
    for (const auto& entry : std::filesystem::directory_iterator(tree())) {
        on_host.push_back(entry.path().filename());
    }
    EXPECT_EQ(on_host, std::vector<std::string>{"bin"}) << "nothing is made in the tree itself";
}

TEST_F(ViewRoot, TheKernelsTreesAreAsInTheDefaultView) {
    const Result result = in_tree(
        "echo $$; ls -d /proc/[0-9]*; cat /proc/1/comm; ls /dev; ls -d /sys/kernel; stat -c %a /tmp /run; "
        "for place in /tmp /run /dev/shm; do echo x > $place/x && cat $place/x; done; "
        "for file in kcore keys key-users timer_list; do test ! -e /proc/$file || cat /proc/$file 2> /dev/null; done; "
        "for file in /proc/sys/kernel/core_pattern /proc/sys/vm/swappiness /sys/kernel/uevent_seqnum; do true >> "
        "$file; done");
    EXPECT_EQ(
        result.out,
        "1\n/proc/1\nsh\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n"
        "/sys/kernel\n1777\n755\nx\nx\nx\n")
        << result;
    EXPECT_EQ(count(result.err, "can't create"), 3U) << result;
    EXPECT_EQ(inside({probe("talk"), "127.0.0.1", "80"}, {.sandbox = {"--root", tree()}}).out, "heard hello\n");
}

TEST_F(ViewRoot, NothingOfTheHostsTreeIsThere) {
    const Result result = in_tree("ls -d /usr /etc /var /home /lib " + directory().path() +
                                  " 2>/dev/null; find / -name 'sandbox-*' -not -path '/proc/*' -not -path '/sys/*'");
    EXPECT_EQ(result.out, "") << result;
}

TEST_F(ViewRoot, TheTreeIsReadOnly) {
    for (const char* use : {"auto", "none"}) {
        const Result result =
            in_tree("touch /x; touch /bin/x; rm /bin/ls; mkdir /etc; ls -d /bin/ls", {"--landlock", use});
        EXPECT_EQ(result.out, "/bin/ls\n") << result;
        EXPECT_EQ(count(result.err, "Read-only file system"), 4U) << result;
    }
}

TEST_F(ViewRoot, WithDirectoriesToMountOn) {
    for (const char* name : {"proc", "sys", "dev", "tmp", "run", "root", "etc", "var"}) {
        ASSERT_EQ(mkdir((tree() + "/" + name).c_str(), 0755), 0);
    }
    ASSERT_EQ(mkdir((tree() + "/var/tmp").c_str(), 0755), 0);
    write_file(tree() + "/tmp/hidden", "x\n");
    write_file(tree() + "/root/hidden", "x\n");
    write_file(tree() + "/etc/passwd", "toor:x:0:0::/root:/bin/sh\nother:x:5:5::/:/bin/sh\n");
    const Result result =
        in_tree("ls -A / /root /tmp /var/tmp; id -un; echo $USER; echo x > /var/tmp/x && cat /var/tmp/x");
    EXPECT_EQ(result.out,
              "/:\nbin\ndev\netc\nproc\nroot\nrun\nsys\ntmp\nvar\n\n/root:\n\n/tmp:\n\n/var/tmp:\ntoor\ntoor\nx\n")
        << result;
    EXPECT_FALSE(std::filesystem::exists(tree() + "/var/tmp/x"));
}

TEST_F(ViewRoot, LinksOfTheTreeDoNotLeadOut) {
    ASSERT_EQ(mkdir((tree() + "/etc").c_str(), 0755), 0);
    ASSERT_EQ(symlink("/etc", (tree() + "/run").c_str()), 0);
    ASSERT_EQ(symlink("../../../../../../../../etc", (tree() + "/link").c_str()), 0);
    ASSERT_EQ(mkdir((directory() / "work").c_str(), 0755), 0);
    const Result result = in_tree("ls -A /link/; ls -A /link/new", {"--ro", "work:/link/new"});
    EXPECT_FALSE(contains(result.out, "passwd")) << result;
    EXPECT_FALSE(std::filesystem::exists("/etc/new"));
    EXPECT_TRUE(std::filesystem::is_empty(tree() + "/etc"));
}

TEST_F(ViewRoot, ThingsOfTheHostAreShownOnPurpose) {
    ASSERT_EQ(mkdir((directory() / "work").c_str(), 0755), 0);
    const Result result =
        in_tree("cd /job/deep && echo made > made && pwd; ls /etc; ls -A /",
                {"--rw", "work:/job/deep", "--ro", "/etc/passwd:/etc/passwd", "--tmpfs", "/var/cache"});
    EXPECT_EQ(result.out, "/job/deep\npasswd\nbin\ndev\netc\njob\nproc\nroot\nrun\nsys\ntmp\nvar\n") << result;
    EXPECT_EQ(read_file(directory() / "work/made"), "made\n");
}

TEST_F(ViewRoot, MakeInAReadOnlyTree) {
    ASSERT_EQ(mkdir((directory() / "work").c_str(), 0755), 0);
    const Result result = in_tree("pwd && cp /bin/busybox busybox && ./busybox echo built > out",
                                  {"--rw", "work:/workspace", "--cwd", "/workspace"});
    EXPECT_EQ(result.out, "/workspace\n") << result;
    EXPECT_EQ(read_file(directory() / "work/out"), "built\n");
    EXPECT_FALSE(std::filesystem::exists(tree() + "/workspace"));
}

TEST_F(ViewRoot, ByARelativePath) {
    const Result result = inside_shell("ls -d /bin/busybox; ls -A / | wc -l",
                                       {.sandbox = {"--root", "tree"}, .directory = directory().path()});
    EXPECT_EQ(result.out, "/bin/busybox\n7\n") << result;
    ASSERT_EQ(symlink("tree", (directory() / "link").c_str()), 0);
    EXPECT_EQ(inside_shell("ls -d /bin/busybox", {.sandbox = {"--root", "link"}, .directory = directory().path()}).out,
              "/bin/busybox\n");
}

TEST_F(ViewRoot, ATreeThatIsTheCurrentDirectory) {
    const Result result = inside_shell("pwd; ls -A / | wc -l", {.sandbox = {"--root", "."}, .directory = tree()});
    EXPECT_EQ(result.out, "/\n7\n") << result;
}

TEST_F(ViewRoot, WhatIsNoTreeIsAnError) {
    for (const std::string& path :
         {std::string("/no/such/tree"), std::string("/etc/passwd"), directory() / "tree/bin/busybox"}) {
        const Result result = inside({"sh"}, {.sandbox = {"--root", path}});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(contains(result.err, "--root") && contains(result.err, path)) << result;
    }
}

TEST_F(ViewRoot, ACommandThatIsNotThere) {
    const Result result = in_tree("true");
    ASSERT_EQ(result.exit_status, 0);
    const Result missing = inside({"bash"}, {.sandbox = {"--root", tree()}, .directory = directory().path()});
    EXPECT_EQ(missing.exit_status, 127) << missing;
}

TEST_F(ViewRoot, ItsNamespacesAreThoseOfTheDefault) {
    EXPECT_EQ(listed(different(namespaces_of(), namespaces_inside({"--root", tree()}))),
              "cgroup ipc mnt net pid user uts");
}

TEST_F(ViewRoot, TheRefusalsAreThoseOfTheDefault) {
    for (const char* use : {"auto", "none"}) {
        const Result result =
            inside({probe("attempts")},
                   {.sandbox = {"--root", tree(), "--landlock", use, "--map-users", "real", "--uid", "0"}});
        ASSERT_EQ(result.exit_status, 0) << result;
        for (const std::string& line : lines_of(result.out)) {
            EXPECT_FALSE(line.ends_with(": done") && line != "sethostname: done") << line;
        }
    }
}

TEST_F(ViewRoot, HomeRwIsRefused) {
    const Result result = in_tree("true", {"--home", "rw"});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(contains(result.err, "--root") && contains(result.err, "--home")) << result;
}

}  // namespace
}  // namespace sandbox_test
