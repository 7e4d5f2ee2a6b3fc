#include "support/changes.hpp"

#include "changes/store.hpp"
#include "support/host.hpp"

#include <ctime>
#include <sstream>

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sandbox_test {
namespace {

using namespace sandbox::changes;

timespec fine_now() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now;
}

}  // namespace

void ChangesTest::SetUp() {
    SandboxTest::SetUp();
    ::mkdir(host().c_str(), 0755);
}

void ChangesTest::TearDown() {
    // Overlayfs makes one without permissions, tests others; an ordinary user has to remove them, too.
    run({"chmod", "-R", "u+rwX", directory().path()});
    SandboxTest::TearDown();
}

std::string ChangesTest::host(const std::string& name) const {
    return directory() / "host" + (name.empty() ? "" : "/" + name);
}

std::string ChangesTest::upper(const std::string& name) const {
    return dir() + "/0/upper" + (name.empty() ? "" : "/" + name);
}

void ChangesTest::begin() {
    await_tick();
    Wanted wanted;
    wanted.users = {{0, ::geteuid(), 1}};
    wanted.groups = {{0, ::getegid(), 1}};
    wanted.overlays = {{host(), {}, {}}};
    (void)Store::open_for_run(dir(), wanted);
}

void ChangesTest::begin_again() const {
    await_tick();
    const std::string file = dir() + "/sandbox.json";
    Record record = parse_record(read_file(file));
    const timespec now = fine_now();
    record.began = {now.tv_sec, static_cast<std::uint32_t>(now.tv_nsec)};
    write_file(file, record_text(record));
}

Result ChangesTest::shell(const std::string& script, const std::string& where) const {
    RunOptions options;
    options.directory = where;
    return run({"sh", "-euc", script}, options);
}

const char* const ChangesTest::list = R"(
find . -mindepth 1 ! -type d -printf '%P\t%y %m %T@ %l ' \( -type f -exec sh -c '
    md5sum <"$1" | cut -c1-32' - {} \; -o -printf '\n' \) -o -mindepth 1 -type d -printf '%P\t%y %m\n' | LC_ALL=C sort
)";

std::map<std::string, std::string> ChangesTest::by_path(const std::string& listing) {
    std::map<std::string, std::string> lines;
    std::istringstream text(listing);
    for (std::string line; std::getline(text, line);) {
        const std::size_t tab = line.find('\t');
        lines[line.substr(0, tab)] = line.substr(tab + 1);
    }
    return lines;
}

std::string ChangesTest::listing() const {
    return shell(list, host()).out;
}

void ChangesTest::give_to_root_inside() const {
    if (::geteuid() != 0) {
        const std::string file = dir() + "/sandbox.json";
        Record record = parse_record(read_file(file));
        record.uid = record.gid = 0;
        record.users = record.groups = {{0, 0, 1}};
        write_file(file, record_text(record));
    }
}

void ChangesTest::change(const std::string& script) {
    (void)change_and_run(script, "");
}

std::string ChangesTest::change_and_list(const std::string& script) {
    return change_and_run(script, list);
}

std::string ChangesTest::change_and_run(const std::string& script, const std::string& more) {
    if (::access(dir().c_str(), F_OK) != 0) {
        begin();
    }
    const std::string mount = "mount -t overlay overlay -o userxattr,lowerdir=" + host() + ",upperdir=" + upper() +
                              ",workdir=" + dir() + "/0/work " + host() + "\ncd " + host() + "\n";
    const Result result = on_host_of_its_own(mount + script + "\ncd " + host() + "\n" + more);
    EXPECT_EQ(result.exit_status, 0) << result;
    return result.out;
}

void ChangesTest::change_on_host(const std::string& script) {
    await_tick();
    const Result result = shell(script, host());
    ASSERT_EQ(result.exit_status, 0) << result;
}

void ChangesTest::craft(const std::string& script) {
    if (::access(dir().c_str(), F_OK) != 0) {
        begin();
    }
    const Result result = shell(script, upper());
    ASSERT_EQ(result.exit_status, 0) << result;
}

void ChangesTest::mark(const std::string& name, const std::string& attribute, const std::string& value) const {
    ASSERT_EQ(::lsetxattr(upper(name).c_str(), attribute.c_str(), value.data(), value.size(), 0), 0) << name;
}

Result ChangesTest::verb(const std::vector<std::string>& words, const RunOptions& options) const {
    std::vector<std::string> command = {sandbox_binary()};
    command.insert(command.end(), words.begin(), words.end());
    return run(command, options);
}

std::string ChangesTest::diff(const std::vector<std::string>& options) const {
    std::vector<std::string> words = {"diff", dir()};
    words.insert(words.end(), options.begin(), options.end());
    const Result result = verb(words);
    EXPECT_TRUE(result.exit_status == (result.out.empty() ? 0 : 1)) << result;
    EXPECT_EQ(result.err, "");
    std::string text = result.out;
    const std::string path = host() + "/";
    for (std::size_t at = 0; (at = text.find(path, at)) != std::string::npos;) {
        text.erase(at, path.size());
    }
    return text;
}

}  // namespace sandbox_test
