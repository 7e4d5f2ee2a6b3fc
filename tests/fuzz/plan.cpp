// From the command line to the plan, on a host in memory. The first line is the current directory there.
#include "fuzz/fuzz.hpp"

#include "cli/parse.hpp"
#include "spec/paths.hpp"
#include "unit/fake_host.hpp"
#include "unit/planning.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

namespace sandbox_fuzz {
namespace {

using namespace sandbox;

/// A host with what makes planning hard: links that stay and links that lead out, rings, aliases, closed directories.
void furnish(test::FakeHost& host) {
    host.tree.link("/home/ann/out", "/etc");
    host.tree.link("/home/ann/ring", "ring");
    host.tree.link("/srv/up", "../home/ann");
    host.tree.file("/srv/file");
    host.tree.directory("/srv/closed/below");
    host.tree.close("/srv/closed");
    host.mount_again("/mnt/homes", "/home");
}

void check(const plan::Plan& plan) {
    must(!plan.steps.empty() && std::holds_alternative<plan::Execute>(plan.steps.back()), "the last step is exec");
    const std::string text = plan::render(plan);
    must(std::ranges::none_of(text, [](char c) { return c != '\n' && static_cast<unsigned char>(c) < 0x20; }),
         "--explain does not drive the terminal");
}

}  // namespace

void plan(std::string_view text) {
    std::vector<std::string> words = words_of(text);
    const std::string cwd = words.empty() ? "" : words.front();
    // As getcwd(3) has it, which the kernel makes.
    const bool usable = (cwd.starts_with("/home/ann/") || cwd.starts_with("/mnt/")) &&
                        spec::without_dots(spec::absolute("/", cwd)) == cwd;
    std::vector<const char*> argv{"sandbox"};
    for (std::size_t at = 1; at < words.size(); ++at) {
        argv.push_back(words[at].c_str());
    }
    (void)accepts<Error>([&] {
        const cli::Options options = cli::parse(argv);
        test::FakeHost host(usable ? cwd : "/home/ann/project");
        furnish(host);
        check(test::plan_for(options.spec, host));
    });
}

}  // namespace sandbox_fuzz
