// Targets that do not exist: they are made inside, never on the host, and what stands beside them stays.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "support/host.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class ViewMountPoint : public SandboxTest {
  protected:
    [[nodiscard]] Result in_directory(const std::string& script, const std::vector<std::string>& options) const {
        return inside_shell(script, {.sandbox = options, .directory = directory().path()});
    }
};

TEST_F(ViewMountPoint, AWorkspaceDirectlyBelowTheRoot) {
    ASSERT_FALSE(std::filesystem::exists("/workspace")) << "the test needs a name that is free";
    write_file(directory() / "Makefile", "program: program.c\n\tcc -o program program.c\n\t./program\n");
    write_file(directory() / "program.c", "#include <stdio.h>\nint main(void) { puts(\"made inside\"); return 0; }\n");
    for (const char* use : {"auto", "none"}) {
        const Result result =
            inside({"make"}, {.sandbox = {"--rw", ".:/workspace", "--cwd", "/workspace", "--landlock", use},
                              .directory = directory().path()});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_TRUE(result.out.ends_with("\nmade inside\n")) << result;
        EXPECT_TRUE(std::filesystem::remove(directory() / "program"));
    }
    EXPECT_FALSE(std::filesystem::exists("/workspace"));
}

TEST_F(ViewMountPoint, TheRootKeepsItsEntries) {
    const std::string outside = run({"ls", "-A", "/"}).out;
    const Result result = in_directory("ls -A /", {"--ro", ".:/workspace"});
    std::vector<std::string> expected = words_of(outside + "workspace");
    std::vector<std::string> seen = words_of(result.out);
    std::ranges::sort(expected);
    std::ranges::sort(seen);
    EXPECT_EQ(seen, expected);
}

TEST_F(ViewMountPoint, AnywhereInTheTree) {
    write_file(directory() / "file", "text\n");
    for (const std::string parent :
         {"/etc", "/usr", "/usr/lib", "/var/lib", "/opt", "/srv", "/mnt", "/tmp", "/run", "/dev/shm"}) {
        if (!std::filesystem::is_directory(parent)) {
            continue;
        }
        const std::string name = parent + "/sandbox-test-new";
        ASSERT_FALSE(std::filesystem::exists(name));
        const std::string deep = in_directory("cat " + name + "/a/b/file", {"--ro", ".:" + name + "/a/b"}).out;
        EXPECT_EQ(deep, "text\n") << name;
        EXPECT_EQ(in_directory("cat " + name, {"--ro", "file:" + name}).out, "text\n") << name;
        EXPECT_EQ(in_directory("cat " + name + "/a/file", {"--ro", "file:" + name + "/a/file"}).out, "text\n") << name;
        const Result tmpfs = in_directory("echo made > " + name + "/x; cat " + name + "/x", {"--tmpfs", name});
        EXPECT_EQ(tmpfs.out, "made\n") << tmpfs;
        EXPECT_FALSE(std::filesystem::exists(name)) << name;
    }
}

TEST_F(ViewMountPoint, TheProgramsThatUseTheDirectoryStillWork) {
    for (const std::string place : {"/etc/new", "/usr/new", "/usr/bin/new", "/usr/lib/new"}) {
        const Result result =
            in_directory("cat /etc/passwd | head -n 1 && id -un && test -d " + place + " && touch " + place + "/../x",
                         {"--ro", ".:" + place});
        EXPECT_TRUE(contains(result.out, "\nroot\n")) << place << result;
        EXPECT_TRUE(contains(result.err, "Read-only file system")) << place << result;
    }
}

TEST_F(ViewMountPoint, AThousandEntriesBesideIt) {
    const Result result = on_host_of_its_own(R"(
mkdir /srv/full /srv/source; cd /srv/full
for i in $(seq 1 400); do echo $i > file$i; done
for i in $(seq 1 300); do mkdir dir$i; echo $i > dir$i/inner; done
for i in $(seq 1 300); do ln -s file$i link$i; done
echo text > /srv/source/file
mkdir mounted; mount -t tmpfs sub mounted; echo submount > mounted/file
mount --make-private mounted
cd /srv/source
$SANDBOX --rw .:/srv/full/new/target --ro file:/srv/full/newfile -- sh -c '
    cd /srv/full && ls -A | wc -l
    cat file400 dir300/inner link300 mounted/file newfile new/target/file
    cat file* | wc -l; cat dir*/inner | wc -l; cat link* | wc -l
    readlink link7; stat -c %F link7 file7 dir7
    touch file7 2>/dev/null || touch x 2>/dev/null || rm -f link7 2>/dev/null || touch dir7/x 2>/dev/null || touch new/x 2>/dev/null || echo locked
    echo made > new/target/made'
cat /srv/source/made
ls -A /srv/full | wc -l; test ! -e /srv/full/new
)");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(
        result.out,
        "1003\n400\n300\n300\nsubmount\ntext\ntext\n400\n300\n300\nfile7\nsymbolic link\nregular file\ndirectory\n"
        "locked\nmade\n1001\n")
        << result;
}

TEST_F(ViewMountPoint, SpecialFilesBesideItAreNeverOpened) {
    const Result result = on_host_of_its_own(R"(
mkdir /srv/odd; cd /srv/odd; mkfifo fifo; ln -s /nowhere dangling; mkdir closed; chmod 0 closed
mkdir 'with space' $'new\nline' $'\xff\xfe'; touch -- '-dash' 'a:b' 'back\slash'; touch file; chmod 0 file
$SANDBOX --tmpfs /srv/odd/new -- sh -c 'cd /srv/odd; ls -A | wc -l; stat -c %F fifo dangling; stat -c %a closed file; ls -d new "with space" "a:b"'
)");
    EXPECT_EQ(result.out, "12\nfifo\nsymbolic link\n0\n0\na:b\nnew\nwith space\n") << result;
}

TEST_F(ViewMountPoint, SeveralInOneDirectory) {
    write_file(directory() / "file", "text\n");
    const Result result = in_directory(
        "cat /usr/one/file /usr/two/three/file /usr/two/four/file /usr/five; ls -d /usr/bin",
        {"--ro", ".:/usr/one", "--ro", ".:/usr/two/three", "--rw", ".:/usr/two/four", "--ro", "file:/usr/five"});
    EXPECT_EQ(result.out, "text\ntext\ntext\ntext\n/usr/bin\n") << result;
}

TEST_F(ViewMountPoint, InAReadOnlyPartOfWhatIsShown) {
    ASSERT_EQ(mkdir((directory() / "work").c_str(), 0755), 0);
    write_file(directory() / "work/beside", "beside\n");
    write_file(directory() / "file", "text\n");
    const Result result = in_directory("cat /srv/new /srv/beside", {"--ro", "work:/srv", "--ro", "file:/srv/new"});
    EXPECT_EQ(result.out, "text\nbeside\n") << result;
    EXPECT_FALSE(std::filesystem::exists(directory() / "work/new"));
}

// placeholders_test.cpp has the rest.
TEST_F(ViewMountPoint, InAWritablePartItIsMadeOnTheHostAndRemovedAgain) {
    ASSERT_EQ(mkdir((directory() / "work").c_str(), 0755), 0);
    for (const std::vector<std::string>& more : {std::vector<std::string>{"--ro", "/etc:/srv/new"},
                                                 {"--tmpfs", "/srv/new"},
                                                 {"--ro", "/etc/passwd:/srv/a/b"}}) {
        std::vector<std::string> options{"--rw", "work:/srv"};
        options.insert(options.end(), more.begin(), more.end());
        const Result result =
            in_directory("ls -A /srv; cat /srv/new/passwd /srv/a/b | head -c 4; echo x > /srv/made", options);
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_TRUE(contains(result.out, more[1].ends_with("b") ? "a\n" : "new\n")) << result;
        EXPECT_TRUE(std::filesystem::remove(directory() / "work/made"));
        EXPECT_TRUE(std::filesystem::is_empty(directory() / "work"));
    }
}

TEST_F(ViewMountPoint, OnATmpfs) {
    write_file(directory() / "file", "text\n");
    const Result result =
        in_directory("cat /srv/new/a/b/file /srv/new/f; touch /srv/new/x /srv/new/a/x && find /srv/new -type d",
                     {"--tmpfs", "/srv/new", "--ro", ".:/srv/new/a/b", "--ro", "file:/srv/new/f"});
    EXPECT_EQ(result.out, "text\ntext\n/srv/new\n/srv/new/a\n/srv/new/a/b\n") << result;
}

TEST_F(ViewMountPoint, InAPlaceOfTheKernelItIsAnError) {
    for (const std::string target : {"/proc/new", "/sys/new", "/dev/pts/new", "/proc/1/new"}) {
        const Result result = in_directory("echo ran", {"--ro", ".:" + target});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_EQ(result.out, "");
        EXPECT_TRUE(contains(result.err, target)) << result;
    }
}

}  // namespace
}  // namespace sandbox_test
