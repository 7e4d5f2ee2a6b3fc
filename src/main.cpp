// sandbox: argv -> exit status. The only place that prints errors.
#include "cli/help.hpp"
#include "cli/parse.hpp"
#include "cli/privileges.hpp"
#include "cli/run.hpp"
#include "cli/scope.hpp"
#include "cli/verbs.hpp"

#include <sandbox/sandbox.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <span>

namespace {

int act(std::span<const char* const> argv) {
    using namespace sandbox;
    cli::refuse_given_privileges();
    const bool in_own_scope = cli::is_in_own_scope();
    const cli::Options options = cli::parse(argv);
    if (options.call) {
        return cli::run_verb(*options.call);
    }
    if (options.help) {
        cli::print(cli::help_text());
        return 0;
    }
    if (options.version) {
        cli::print(cli::version_text());
        return 0;
    }
    if (options.explain) {
        cli::print(explain(cli::spec_to_run(options)));
        return 0;
    }
    if (!in_own_scope) {
        cli::enter_scope(options, argv);
    }
    cli::run(options);
}

int report(const sandbox::Error& error) {
    std::fputs(sandbox::render(error).c_str(), stderr);
    return error.exit_status();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return act({argv, static_cast<std::size_t>(argc)});
    } catch (const sandbox::Error& error) {
        return report(error);
    } catch (const std::exception& error) {
        return report(sandbox::Error(error.what()));  // std::bad_alloc and its like: still 125, as documented
    }
}
