// Limits where no cgroup can be had: an error that says what is missing, or what setrlimit(2) has. Inside a sandbox
// there is none, whatever the machine has; and what the manual page shows for CI jobs.
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "json/json.hpp"
#include "support/named.hpp"
#include "support/sandbox_test.hpp"

namespace sandbox_test {
namespace {

using ::sandbox::json::Json;
using Words = std::vector<std::string>;

class BestEffort : public NamesTest {
  protected:
    /// `sandbox OPTION... -- sh -c SCRIPT` in a sandbox. The report is printed behind what the script printed.
    [[nodiscard]] static Result nested(const std::string& script, Words options) {
        const std::string run_and_tell =
            R"(script=$1; shift; /srv/tools/sandbox --share pid --net host --report /tmp/r "$@" -- sh -c "$script"; )"
            R"(s=$?; echo ===; cat /tmp/r; exit $s)";
        Words command{"sh", "-c", run_and_tell, "sh", script};
        command.insert(command.end(), options.begin(), options.end());
        return inside(command, {.sandbox = {"--allow-namespaces", "user,mnt,pid,net,ipc,uts,cgroup", "--ro",
                                            given("SANDBOX_BIN") + ":/srv/tools/sandbox"}});
    }
    [[nodiscard]] static Json report(const Result& result) {
        const std::size_t at = result.out.find("===\n");
        return ::sandbox::json::parse_json(at == std::string::npos ? "{}" : result.out.substr(at + 4));
    }
    [[nodiscard]] static std::string holder(const Result& result, const std::string& limit) {
        const Json whole = report(result);
        const Json* const limits = whole.find("limits");
        const Json* const found = limits == nullptr ? nullptr : limits->find(limit);
        return found == nullptr ? "" : found->find("held_by")->items.at(0).text;
    }
};

TEST_F(BestEffort, WithoutACgroupALimitIsAnError) {
    for (const Words& options : std::vector<Words>{{"--memory", "64M"},
                                                   {"--swap", "0"},
                                                   {"--cpus", "1"},
                                                   {"--pids", "9"},
                                                   {"--io-weight", "50"},
                                                   {"--cpuset", "0"}}) {
        const Result result = nested("echo ran", options);
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_EQ(result.out.rfind("===", 0), 0U) << result;
        EXPECT_EQ(result.err.rfind("sandbox: " + options[0] + ": no cgroup can hold it: ", 0), 0U) << result;
        EXPECT_NE(result.err.find("\n  fix: "), std::string::npos) << result;
        EXPECT_EQ(report(result).find("reason")->text, "setup-failed");
    }
}

TEST_F(BestEffort, WhatNothingElseHoldsIsStillAnError) {
    for (const Words& options :
         std::vector<Words>{{"--swap", "0"}, {"--cpus", "1"}, {"--io-weight", "50"}, {"--cpuset", "0"}}) {
        Words all = options;
        all.insert(all.end(), {"--limits", "best-effort", "--pids", "9"});
        const Result result = nested("echo ran", all);
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_EQ(result.out.rfind("===", 0), 0U) << result;
        EXPECT_NE(result.err.find(options[0] + " and --limits best-effort"), std::string::npos) << result;
        EXPECT_EQ(result.err.find("or --limits best-effort"), std::string::npos) << result;
    }
}

TEST_F(BestEffort, ProcessesAreCounted) {
    const Result result = nested("for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 >/dev/null 2>&1 & done; echo all",
                                 {"--pids", "4", "--limits", "best-effort"});
    EXPECT_NE(result.exit_status, 0) << result;
    EXPECT_EQ(result.out.rfind("===", 0), 0U) << result;
    EXPECT_EQ(holder(result, "pids"), "rlimit") << result;
}

TEST_F(BestEffort, AddressSpaceIsMemory) {
    const std::string copy = "dd if=/dev/zero of=/dev/null bs=96M count=1 2>/dev/null && echo done";
    Result result = nested(copy, {"--memory", "64M", "--limits", "best-effort"});
    EXPECT_NE(result.exit_status, 0) << result;
    EXPECT_EQ(result.out.rfind("===", 0), 0U) << result;
    EXPECT_EQ(holder(result, "memory"), "rlimit") << result;
    result = nested(copy, {"--memory", "64M", "--rlimit", "as=unlimited", "--limits", "best-effort"});
    EXPECT_NE(result.exit_status, 0) << result;
    result = nested(copy, {"--memory", "512M", "--limits", "best-effort"});
    EXPECT_EQ(result.exit_status, 0) << result;
}

TEST_F(BestEffort, ExplainSaysSo) {
    const Result result = inside({"/srv/tools/sandbox", "--share", "pid", "--net", "host", "--pids", "9", "--limits",
                                  "best-effort", "--explain", "--", "true"},
                                 {.sandbox = {"--allow-namespaces", "user,mnt,pid,net,ipc,uts,cgroup", "--ro",
                                              given("SANDBOX_BIN") + ":/srv/tools/sandbox"}});
    EXPECT_NE(result.out.find("limits: best effort, as there is no cgroup"), std::string::npos) << result;
    EXPECT_NE(result.out.find("nproc = 9:9"), std::string::npos) << result;
}

/// What stands in the manual page between two lines, without what a YAML file has in front.
std::string example(const std::string& first, const std::string& last) {
    const std::string page = read_file(given("SANDBOX_SOURCE_DIR") + "/man/sandbox.1");
    const std::size_t start = page.find(first);
    const std::size_t end = page.find(last, start);
    EXPECT_NE(end, std::string::npos) << first;
    std::string text = page.substr(start + first.size(), end - start - first.size());
    for (std::size_t at = 0; (at = text.find("\\e", at)) != std::string::npos;) {
        text.replace(at, 2, "\\");
    }
    return text;
}

/// The examples for CI, with a sudo that does nothing, in a directory with a Makefile.
class CiExamples : public BestEffort {
  protected:
    void SetUp() override {
        BestEffort::SetUp();
        const std::string tools = directory() / "tools";
        ASSERT_EQ(::mkdir(tools.c_str(), 0755), 0);
        ASSERT_EQ(::mkdir(work().c_str(), 0755), 0);
        write_program(tools + "/sudo", "#!/bin/sh\n:\n");
        write_program(tools + "/sandbox", "#!/bin/sh\nexec " + given("SANDBOX_BIN") + " \"$@\"\n");
        write_program(tools + "/jq", "#!/bin/sh\nsed -n 's/^  \"reason\": \"\\(.*\\)\",$/\\1/p' report.json\n");
        path_ = tools + ":" + std::string(std::getenv("PATH"));
    }
    [[nodiscard]] std::string work() const { return directory() / "work"; }
    [[nodiscard]] Result run_example(const std::string& script, const std::string& recipe) const {
        write_file(work() + "/Makefile", "check:\n\t" + recipe + "\n");
        return run({"sh", "-ec", script}, {.set = {{"PATH", path_}}, .directory = work()});
    }

  private:
    static void write_program(const std::string& path, const std::string& text) {
        write_file(path, text);
        ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
    }
    std::string path_;
};

TEST_F(CiExamples, OfGitLab) {
    const std::string script = example("  script:\n    - ", "\n  artifacts:");
    ASSERT_NE(script.find("best-effort"), std::string::npos) << script;
    Result result = run_example(script, "echo checked >result");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(read_file(work() + "/result"), "checked\n");
    EXPECT_NE(read_file(work() + "/report.json").find("\"reason\": \"exited\""), std::string::npos);
    result = run_example(script, "exit 3");
    EXPECT_EQ(result.exit_status, 2) << result;  // make's
}

// Where no cgroup can be had it must say so, and run nothing.
TEST_F(CiExamples, OfGitHub) {
    const std::string script = example("- run: |\n", "- if: always()");
    ASSERT_NE(script.find("enable-linger"), std::string::npos) << script;
    const Result result = run_example(script, "echo checked >result");
    if (result.exit_status == 125) {
        EXPECT_NE(result.err.find("no cgroup can hold it"), std::string::npos) << result;
        EXPECT_NE(read_file(work() + "/report.json").find("setup-failed"), std::string::npos) << result;
    } else {
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(read_file(work() + "/result"), "checked\n");
        EXPECT_NE(result.err.find("sandbox: exited with 0; "), std::string::npos) << result;
    }
}

TEST_F(CiExamples, OfWhatBecameOfIt) {
    const std::string script =
        example("What became of a job, for a script that goes on:\n.Bd -literal -offset indent\n", ".Ed");
    std::string hasty = script;
    hasty.replace(hasty.find("10m"), 3, "1s");
    EXPECT_EQ(run_example(script, "true").exit_status, 0);
    Result result = run_example(hasty, "sleep 1000");
    EXPECT_EQ(result.exit_status, 1) << result;
    EXPECT_NE(result.out.find("took too long"), std::string::npos) << result;
    result = run_example(script, "exit 1");
    EXPECT_NE(result.out.find("failed"), std::string::npos) << result;
}

}  // namespace
}  // namespace sandbox_test
