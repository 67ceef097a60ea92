#!/usr/bin/env pwsh
# The commands that this repository is worked with, by name. Each is one line of dotnet, so none needs this script.
param(
    [ValidateSet('build', 'test', 'bench', 'peers', 'publish', 'format')]
    [string] $Target = 'build',

    [Parameter(ValueFromRemainingArguments)]
    [string[]] $Rest = @()
)

$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot

switch ($Target) {
    'build' { dotnet build -c Release -warnaserror @Rest }
    'test' { dotnet test -c Release @Rest }
    'bench' { dotnet run -c Release --project Benchmarks -- @Rest }
    'peers' { dotnet run -c Release --project Benchmarks -- peers @Rest }
    'publish' { dotnet publish Server -c Release -o artifacts/publish @Rest }
    'format' { dotnet format @Rest }
}

exit $LASTEXITCODE
