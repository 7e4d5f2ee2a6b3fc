// The whole public library.
#pragma once

#include <sandbox/changes.hpp>
#include <sandbox/error.hpp>
#include <sandbox/process.hpp>
#include <sandbox/registry.hpp>
#include <sandbox/spec.hpp>
